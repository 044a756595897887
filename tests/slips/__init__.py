"""How well `autograd.compare` names what is wrong in a derivation: `python -m tests.slips` measures it.

The catalogue here makes wrong hand derivations by a reverse sweep of its own, in which a
person slips in a known place, and asks which other slips would have given the same
numbers. It shares no code with the checker that it measures.
"""
