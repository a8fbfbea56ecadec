"""What a run is made of: the scenario, who takes part, its dice, its order to the load, its directory.

Clocks and files are allowed here, and the one source of randomness lives here; no socket, no Locust, and
no opinion on what came out.  May import `wire`, `session` and `protocols`.
"""
