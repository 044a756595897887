"""What is mistaken for a local derivative: the wrong formulas people write, one table of them.

Room: behind `slips`. A formula is text for `parse`, in `d`, the right local derivative; `z`, the
result; `x` and `y`, the first and second operand; and `own`, the operand it is taken by. The
words go on from "the local derivative dz/dx = …". None of these is a derivative: the right
ones stand in the table of primitives.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from autograd.expression import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.expression import Expression
    from autograd.primitives import Primitive


class Mistake(NamedTuple):
    """A wrong local derivative: the kind of slip, the formula, and what is said of it."""

    kind: str
    formula: str
    words: str
    function: Callable[[float, float], float] | None = None  # of z and own, where no formula will do

    def local(self, d: float, z: float, operands: Sequence[float], slot: int) -> float:
        """Evaluate it, to nan where it is not defined."""
        own = operands[slot]
        try:
            if self.function is not None:
                return float(self.function(z, own))
            given = {"d": d, "z": z, "own": own, "x": operands[0], "y": operands[-1]}
            formula = _parsed(self.formula)
            return float(formula.evaluate({name: given[name] for name in formula.names}))
        except (ArithmeticError, ValueError):
            return math.nan


@cache
def _parsed(formula: str) -> Expression:
    return parse(formula)


ANYWHERE = (
    Mistake("sign", "-d", "has the wrong sign"),
    Mistake("inner derivative", "1", "is missing from the product (taken as 1)"),
    Mistake("factor", "2*d", "is taken twice"),
    Mistake("factor", "d/2", "is halved"),
    Mistake("wrong rule", "z", "is replaced by the result itself: it was not differentiated"),
    Mistake("wrong rule", "1/d", "is turned upside down"),
    Mistake("wrong rule", "d*d", "is applied twice"),
)
"""These happen to any operation."""

MEAN = Mistake("mean", "1", "is taken as 1: the 1/n of the mean is missing")
LEFT_OUT = Mistake("path forgotten", "0", "is left out")
ONE_TERM = Mistake("one term", "0", "is left out: the rule has a term for each operand")

AT_OPERAND = "has the pre-activation where the output belongs"
SQUARE = 2.0
TWICE_LOWERED = Mistake("power", "(y - 1)*x**(y - 2)", "has the exponent lowered before it became a factor")
NOT_THE_OTHER = Mistake("swapped operand", "own", "has the operand itself, not the other one")
LENGTH = (
    Mistake("wrong rule", "own", "is the operand, not divided by the length"),
    Mistake("wrong rule", "own/z**2", "is divided by the square of the length"),
    Mistake("wrong rule", "2*own", "is that of the square of the length"),
    Mistake("inner derivative", "0.5/z", "lacks the inner derivative, twice the operand"),
)

BY_ROW: dict[str, tuple[tuple[Mistake, ...], ...]] = {  # for each operand in turn
    "tanh": (
        (
            Mistake("evaluated at output", "1 - x**2", AT_OPERAND),
            Mistake("wrong rule", "1 - z", "lacks the square"),
            Mistake("wrong rule", "1 + z**2", "has a plus for its minus"),
            Mistake("wrong rule", "sqrt(d)", "lacks the square of 1/cosh"),
            Mistake("wrong rule", "z*(1 - z)", "is that of sigmoid"),
            Mistake("wrong rule", "1/(1 + x**2)", "is that of the inverse tangent"),
        ),
    ),
    "sigmoid": (
        (
            Mistake("evaluated at output", "x*(1 - x)", AT_OPERAND),
            Mistake("wrong rule", "1 - z", "lacks its first factor"),
            Mistake("wrong rule", "z*(1 + z)", "has a plus for its minus"),
            Mistake("wrong rule", "1 - z**2", "is that of tanh"),
            Mistake("wrong rule", "z*(1 - z)**2", "has a square too many"),
            Mistake("wrong rule", "z**2*(1 - z)", "has a square too many"),
            Mistake("wrong rule", "z**2", "is its own square"),
        ),
    ),
    "relu": (
        (
            Mistake("wrong rule", "x", "is the operand"),
            Mistake("wrong rule", "1 - d", "is 1 on the wrong side of 0"),
        ),
    ),
    "softplus": (
        (
            Mistake("wrong rule", "1 - d", "is that of the opposite side, 1 - sigmoid"),
            Mistake("wrong rule", "d*(1 - d)", "is that of sigmoid"),
        ),
    ),
    "abs": ((Mistake("wrong rule", "x", "is the operand"),),),
    "exp": (
        (
            Mistake("evaluated at output", "x", "has the operand where the result belongs"),
            Mistake("wrong rule", "x*exp(x - 1)", "follows the power rule"),
            Mistake("wrong rule", "x*z", "has the operand as a factor"),
        ),
    ),
    "log": (
        (
            Mistake("wrong rule", "1/z", "is 1 over the logarithm"),
            Mistake("wrong rule", "x", "is the operand"),
            Mistake("wrong rule", "1/x**2", "has the square of the operand"),
            Mistake("wrong rule", "d/log(10)", "is that of the logarithm to base 10"),
            Mistake("wrong rule", "d/log(2)", "is that of the logarithm to base 2"),
        ),
    ),
    "log1p": ((Mistake("wrong rule", "1/x", "has x where 1 + x belongs"),),),
    "log2": (
        (
            Mistake("wrong rule", "1/x", "lacks the factor 1/log 2"),
            Mistake("wrong rule", "log(2)/x", "has log 2 above the line"),
        ),
    ),
    "log10": (
        (
            Mistake("wrong rule", "1/x", "lacks the factor 1/log 10"),
            Mistake("wrong rule", "log(10)/x", "has log 10 above the line"),
        ),
    ),
    "sqrt": (
        (
            Mistake("power", "1/z", "lacks the factor ½"),
            Mistake("power", "z/2", "has the exponent not lowered"),
            Mistake("evaluated at output", "0.5/x", "has the operand where the result belongs"),
            Mistake("power", "0.5*x**-1.5", "has the exponent lowered twice"),
            Mistake("wrong rule", "2/z", "has the 2 above the line"),
        ),
    ),
    "sin": (
        (
            Mistake("wrong rule", "d*pi/180", "is that of degrees"),
            Mistake("wrong rule", "-z", "is minus the sine"),
        ),
    ),
    "cos": (
        (
            Mistake("wrong rule", "d*pi/180", "is that of degrees"),
            Mistake("wrong rule", "-z", "is minus the cosine"),
        ),
    ),
    "tan": (
        (
            Mistake("wrong rule", "d*pi/180", "is that of degrees"),
            Mistake("wrong rule", "1/cos(x)", "lacks the square of 1/cos"),
            Mistake("wrong rule", "z**2", "lacks the 1 of 1 + tan²"),
            Mistake("wrong rule", "1 - z**2", "has a minus for its plus, as that of tanh"),
            Mistake("wrong rule", "-1/sin(x)**2", "is that of the cotangent"),
        ),
    ),
    "asin": (
        (
            Mistake("wrong rule", "1/(1 - x**2)", "lacks the square root"),
            Mistake("wrong rule", "1/sqrt(1 + x**2)", "has a plus for its minus, as that of asinh"),
            Mistake("wrong rule", "1/cos(x)", "is 1 over the cosine of the operand, not of the result"),
        ),
    ),
    "acos": (
        (
            Mistake("wrong rule", "-1/(1 - x**2)", "lacks the square root"),
            Mistake("wrong rule", "-1/sqrt(1 + x**2)", "has a plus for its minus"),
            Mistake("wrong rule", "-1/sin(x)", "is -1 over the sine of the operand, not of the result"),
        ),
    ),
    "atan": (
        (
            Mistake("wrong rule", "1/(1 + x)**2", "has the square around the sum"),
            Mistake("wrong rule", "1/(1 - x**2)", "has a minus for its plus, as that of atanh"),
            Mistake("wrong rule", "1/sqrt(1 + x**2)", "has a square root, as that of asinh"),
            Mistake("wrong rule", "1/cos(x)**2", "is that of the tangent"),
        ),
    ),
    "atan2": (
        (Mistake("swapped operand", "x/(x**2 + y**2)", "has the operands exchanged"),),
        (Mistake("swapped operand", "-y/(x**2 + y**2)", "has the operands exchanged"),),
    ),
    "sinh": ((Mistake("wrong rule", "cos(x)", "is that of the sine"),),),
    "cosh": ((Mistake("wrong rule", "-sin(x)", "is that of the cosine"),),),
    "asinh": (
        (
            Mistake("wrong rule", "1/(1 + x**2)", "lacks the square root"),
            Mistake("wrong rule", "1/sqrt(1 - x**2)", "has a minus for its plus, as that of asin"),
            Mistake("wrong rule", "1/sqrt(x**2 - 1)", "is that of acosh"),
        ),
    ),
    "acosh": (
        (
            Mistake("wrong rule", "1/(x**2 - 1)", "lacks the square root"),
            Mistake("wrong rule", "1/sqrt(x**2 + 1)", "is that of asinh"),
        ),
    ),
    "atanh": (
        (
            Mistake("wrong rule", "1/(1 + x**2)", "has a plus for its minus, as that of atan"),
            Mistake("wrong rule", "1/sqrt(1 - x**2)", "has a square root, as that of asin"),
        ),
    ),
    "erf": (
        (
            Mistake("wrong rule", "exp(-x**2)", "lacks the factor 2/√π"),
            Mistake("wrong rule", "exp(-x**2/2)/sqrt(2*pi)", "is that of the normal distribution"),
        ),
    ),
    "erfc": ((Mistake("wrong rule", "-exp(-x**2)", "lacks the factor 2/√π"),),),
    "silu": (
        (
            Mistake("wrong rule", "sigmoid(x)", "lacks its second term, x σ'"),
            Mistake("wrong rule", "sigmoid(x)*(1 - sigmoid(x))", "is that of sigmoid"),
        ),
    ),
    "gelu": ((Mistake("wrong rule", "erfc(-x/sqrt(2))/2", "lacks its second term, x Φ'"),),),
    "hypot": (LENGTH, LENGTH),
    "pow": (
        (
            Mistake("power", "y*z", "has the exponent not lowered"),
            Mistake("power", "x**(y - 1)", "lacks the exponent as a factor"),
            Mistake("power", "y*x**(y - 2)", "has the exponent lowered twice"),
            Mistake("power", "(y - 1)*x**(y - 1)", "has the lowered exponent as its factor"),
            TWICE_LOWERED,
            Mistake("power", "(y - 1)*z", "has the lowered exponent as its factor, and not in the power"),
            Mistake("power", "y*z*x", "has the exponent raised"),
            Mistake("power", "z*x/(y + 1)", "is an integral: the exponent raised, and divided by"),
            Mistake("power", "y*x", "multiplies base and exponent: the power is missing"),
            Mistake("power", "y", "is the exponent alone: the power is missing"),
            Mistake("wrong rule", "z*log(x)", "is that by the exponent"),
        ),
        (
            Mistake("wrong rule", "y*x**(y - 1)", "follows the power rule"),
            Mistake("wrong rule", "z", "lacks the logarithm of the base"),
            Mistake("wrong rule", "z*log(y)", "has the logarithm of the exponent"),
        ),
    ),
    "mul": ((NOT_THE_OTHER,), (NOT_THE_OTHER,)),
    "div": (
        (
            Mistake("wrong rule", "1", "lacks the square of the divisor"),
            Mistake("wrong rule", "y", "multiplies by the divisor"),
            Mistake("wrong rule", "1/y**2", "has the square of the divisor"),
            Mistake("swapped operand", "1/x", "has the operands exchanged"),
            Mistake("swapped operand", "-z/y", "is that by the divisor"),
        ),
        (
            Mistake("wrong rule", "-z", "lacks the square of the divisor"),
            Mistake("wrong rule", "z", "lacks the square of the divisor, and the sign"),
            Mistake("wrong rule", "-1/y**2", "lacks the dividend"),
            Mistake("wrong rule", "1/y**2", "lacks the dividend, and the sign"),
            Mistake("swapped operand", "1/y", "is that by the dividend"),
            Mistake("wrong rule", "-x", "is minus the dividend"),
            Mistake("wrong rule", "x", "is the dividend"),
            Mistake("wrong rule", "d/y", "has the cube of the divisor"),
            Mistake("wrong rule", "x*log(y)", "is an integral"),
            Mistake("swapped operand", "-y/x**2", "has the operands exchanged"),
        ),
    ),
}
"""These happen to one operation."""

LOGSUMEXP = (
    Mistake("wrong rule", "exp(own)", "is the exponential, not divided by the sum"),
    Mistake("wrong rule", "d*(1 - d)", "is s (1 - s), the slope of one share by its own score"),
)


def mistakes(row: Primitive, slot: int, operands: Sequence[object], factors: Sequence[int]) -> list[Mistake]:
    """List what the derivative of a row by one operand may have been mistaken for.

    Parameters
    ----------
    row, slot
        The operation and the place of the operand.
    operands
        Its operands; a float among them is a constant.
    factors
        Counts that may stand where they do not belong.
    """
    found = [*BY_ROW[row.name][slot]] if row.name in BY_ROW else []
    if row.name == "pow" and slot == 0 and isinstance(operands[1], float) and operands[1] == SQUARE:
        found.remove(TWICE_LOWERED)  # which is 1 then: the inner derivative is missing
    found += ANYWHERE
    for n in factors:
        found.append(Mistake("factor", f"{n}*d", f"has a factor of {n} that does not belong there"))
        found.append(Mistake("factor", f"d/{n}", f"has a factor of 1/{n} that does not belong there"))
    if row.name == "mean" or _averages(row, operands):
        found.append(MEAN)
    elif row.name == "dot":
        found.append(NOT_THE_OTHER)
    elif row.name == "norm":
        found += LENGTH
    elif row.name == "logsumexp":
        found += [*LOGSUMEXP, Mistake("wrong rule", f"1/{len(operands)}", "is an equal share")]
    elif not row.variadic and len(row.partials) == 1:
        found.append(
            Mistake(
                "evaluated at output",
                "",
                "is taken at the result, not at the operand",
                lambda z, own: row.partials[0](row.of_floats(z), z) + 0 * own,
            )
        )
    return found


def _averages(row: Primitive, operands: Sequence[object]) -> bool:
    """Whether an operation divides a sum by a whole number above 1, or multiplies it with 1 over one."""
    constants = [x for x in operands if isinstance(x, float)]
    sums = [getattr(getattr(x, "primitive", None), "name", "") in {"add", "sum", "dot"} for x in operands]
    if row.name not in {"mul", "div"} or len(constants) != 1 or constants[0] == 0 or not any(sums):
        return False
    count = constants[0] if row.name == "div" else 1 / constants[0]
    return round(count) > 1 and math.isclose(count, round(count), rel_tol=1e-12)
