"""MAPI over HTTP at a mailbox's own node (MS-OXCMAPIHTTP): `service` takes requests, `contexts` remembers."""
