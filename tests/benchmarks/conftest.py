"""What may lack its library here holds no tests and no examples."""

collect_ignore = ["by_hand/in_numba.py", "libraries"]
