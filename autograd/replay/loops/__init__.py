"""From a schedule to loops over memory, for a compiler: the same statements as in numpy, number by number.

    rows        rows of the table as functions beside the program
    nests       loops in one another, and operands inside them
    printer     the whole program

Every number is in memory, every loop has its bounds and strides written out, and adjoints
start at zero and are added to. What is out of the ordinary ends the program with nan: eager
evaluation has to say what it is.
"""
