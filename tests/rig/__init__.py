"""The memory rig: flows, the driver's core, a balancer and simulated nodes in virtual time."""
