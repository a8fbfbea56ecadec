"""Benchmarks: run by hand, each printing the figures that it measured and how."""
