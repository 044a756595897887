"""The same programs in other libraries, each given its numbers as it likes them best.

A library keeps the parameters in arrays of its own from step to step, in 64 bits on one thread.
"""
