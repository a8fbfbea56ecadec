"""The ground floor: what crosses the wire between a client, a balancer and Exchange, as values.

Names, messages and codecs only: no socket, no clock, no dice, and no opinion on what an answer means
for a session.  Imports nothing of exsim.
"""
