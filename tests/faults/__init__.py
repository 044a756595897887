"""Accidents, made on purpose and counted. `python -m tests.faults`."""
