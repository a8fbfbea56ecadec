"""The simulated Exchange: nodes with a front end and a back end, real keys, real cookies, real refusals.

One process a node in the lab; in memory the same generators run in virtual time.  Nobody imports it: a
client reaches it over the wire only, and the lab starts it as a process.  Each node keeps a confession
of why it answered as it did; judgement never reads it, tests do.  May import `wire`.
"""
