"""Outlook Anywhere at a mailbox's own node: RPC over HTTP v2 and the calls that come over it (MS-RPCH).

`service` takes the two HTTP requests, `joining` brings them together, `pair` is the pair that came of it,
`calls` answers what is called over it.
"""
