"""Outlook since 2013: MAPI over HTTP, a context at the mailbox's node and a wait that is always parked."""
