"""The balancer: find a HAProxy, move a configuration of his into a lab, run it, keep its log.

Imports nothing of exsim.  Knows HAProxy, and nothing of Exchange or of sessions.
"""
