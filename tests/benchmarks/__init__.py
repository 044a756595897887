"""Measurements: printed as tables, never asserted on. `python -m tests.benchmarks eager`."""
