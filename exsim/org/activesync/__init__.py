"""ActiveSync as a mailbox's own node serves it (MS-ASHTTP, MS-ASCMD, MS-ASPROV)."""
