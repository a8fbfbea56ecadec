"""Puts the rooms to work: starts lab or nothing, starts the load, hands the run to judgement.

One file for each thing that a verb asks for.  Neither Locust nor the simulated organisation is imported
here: both are processes.
"""
