"""Random shared graphs of every public primitive, against 50 digits; `python -m tests.random_graphs`."""
