"""From a schedule to numpy: a group of statements is one line, its operands views of memory.

    memory      names for numbers in memory, and for views of them
    calls       products that are added up, and sums, as calls of numpy
    rows        rows of the table as functions of arrays; written short (sharing)
    lines       what every line is made of
    forward     the values, group by group
    backward    the chain rule, group by group
    printer     the whole program

Values and partials are the rows of the table, run on symbols that stand for arrays.
"""
