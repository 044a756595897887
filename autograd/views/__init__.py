"""Ways to see a graph of Values; each view reads the graph and none changes it."""
