"""Record a function of Values once, replay it at the speed of compiled code."""
