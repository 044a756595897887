"""Mark a derivation by hand: where it parts from autodiff, and which slip would explain it.

The way of a derivation, file by file:

    derivation   read what is claimed: numbers, formulas, by Value or by label
    points       where else to evaluate it: on the other side of each gate, and at random
    sweep        the reverse sweep, made again with other numbers in it
    mistakes     what people get wrong, row by row
    slips        a mistake at a place of the graph    -> the numbers that it would give
    search       the slip that explains the claims, or two, or none
    comparison   what a person reads: rows, first difference, slip, hints, credit
    compare      all of it: `compare`, `assert_gradients_match`
    exercises    functions to derive by hand, with keys

The detector knows no derivative: partials come from the rows of the table, and a slip changes
how they are used.
"""
