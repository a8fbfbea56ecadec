"""Locust lives here, and nowhere else: it spawns, paces, ramps and shows; exsim's driver does the rest.

A process of its own (`python -m exsim.load`), because importing Locust replaces the process's sockets.
It takes one order on its standard input, writes a history, and tells how it goes on its standard output.
May import `wire`, `session`, `protocols`, `drive` and `runs`.
"""
