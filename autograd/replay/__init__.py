"""Record a function of Values once, replay it at the speed of compiled code.

The way of a function, file by file:

    arguments     numbers in nested structures          -> one row, and back
    lower         the function, run on Values           -> a Wengert list, and guards
    tracing       a function of floats, run on symbols  -> its results, way by way
    dialects      the table in Python, and in numpy     -> text of a row
    emit          text with names and guards            -> code
    straight      the list, statement by statement      -> plain Python, exact to the last bit
    reading       the list                              -> text for a person; eager evaluation

    folds         rows of any number of operands        -> text for many operands at once
    fuse          sums of products                      -> dots
    access        the addresses of an operand           -> axes and strides
    levels        statements                            -> equal ones at one level
    ragged        their operands                        -> columns in order, boxes of unequal rows
    schedule      all of these                          -> groups, each with a place in memory

    workspaces    memory that programs run in
    arrays        the groups                            -> numpy (run by vectorised)
    loops         the groups                            -> loops (compiled by native, with numba)

    choose        which of the three it is to be
    batches       arguments for many samples            -> rows, a number for each sample
    runner        the program run; eagerly where it is out of the ordinary
    bound         the program bound to arrays
    descent       the program and a rule                -> many gradient steps in one call
    program       what a caller holds
    record        the way in, also as a decorator

No file knows a derivative, nor the formula of any value: `tracing` runs the rows of the
table on symbols, and they print themselves.
"""
