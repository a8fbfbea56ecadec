"""A gate: criteria over a run, each decided with its numbers, and the table of assumptions and configurations."""
