"""Record a function of Values once, replay it at the speed of compiled code.

The way of a function, file by file:

    record      run it on Values of its own             -> a graph
    lower       write the graph down                    -> a Wengert list, and guards
    emit        print the list, statement by statement  -> plain Python, exact to the last bit
    fuse        sums of products                        -> dots
    schedule    equal statements of one level           -> groups, each along its axes (access)
    arrays      print the groups, with names (memory)   -> numpy
    loops       print the groups                        -> loops, compiled by numba (native)
    choose      which of the three it is to be
    descent     print steps along the gradient, too     -> numpy or loops, many steps in one call
    program     what a caller holds; batches of samples (batches); arrays bound to it (bound)
    reading     what a person reads; and eager evaluation, for all that is out of the ordinary

No file knows a derivative, nor the formula of any value: `tracing` runs the rows of the
table on symbols, and they print themselves.
"""
