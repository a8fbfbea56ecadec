"""What a real client does, protocol by protocol, as flows that yield commands.

No socket, clock, dice or Locust: a flow runs over a bare socket, through a balancer, or straight into a
simulated node in memory.  May import `wire` and `session`.
"""
