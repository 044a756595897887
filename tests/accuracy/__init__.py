"""How far values and derivatives are from the truth, in units in the last place."""
