"""One flow, one transport, one hop for each request that left.

The driver steps flows and writes down what happened; it never repeats, follows or repairs anything.  The
same core runs on gevent's hub over sockets and on a heap of virtual times in memory.  May import `wire`,
`session` and `protocols`.
"""
