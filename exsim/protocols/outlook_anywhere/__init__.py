"""Outlook Anywhere's client: RPC over HTTP, one virtual connection of two channels (MS-RPCH, MS-OXCRPC)."""
