"""Right derivations, in other words than the table's: no false alarm may come of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd import DomainError, OperandError
from autograd.expression import parse
from tests.slips.cases import Case
from tests.slips.catalogue import Local
from tests.slips.forms import FORMS, NETWORK_FORMS, called, handed_in
from tests.slips.graphs import near
from tests.slips.terms import Term, UnwritableError, is_number, term, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.slips.problems import Problem

RIGHT = Local("right", "right", {})


def right(random: Random, problems: list[Problem], nets: list[Problem], count: int) -> Iterator[Case]:
    """Yield right derivations: half of them formulas, as text or called, the others numbers."""
    ways: list[tuple[str, Any]] = [
        *[("rearranged", rearranged)] * 4,
        *[("rearranged callable", rearranged)] * 2,
        *[(form, as_it_is) for form in (*FORMS, *NETWORK_FORMS)],
    ]
    found = 0
    while found < count:
        form, way = ways[found % len(ways)]
        case = way(random, random.choice(nets if form in NETWORK_FORMS else problems), form)
        if case is not None:
            found += 1
            yield case


def as_it_is(random: Random, problem: Problem, form: str) -> Case | None:
    """Hand in the right gradient without further ado."""
    try:
        derived, _ = handed_in(problem, RIGHT, problem.graph.right, form, random)
    except UnwritableError:
        return None
    return Case("right", form, problem, derived, "right", agrees=True)


def rearranged(random: Random, problem: Problem, form: str) -> Case | None:
    """Hand in formulas that were rewritten at random, some several times."""
    graph = problem.graph
    leaves = [Term(str(graph.nodes[i].label)) for i in graph.leaves]
    derived: dict[str, Any] = {}
    try:
        adjoints = graph.sweep(graph.at(leaves).partials)
        for i in graph.leaves:
            x = adjoints[i]
            for _ in range(random.choice((1, 1, 2, 3))):
                x = rewritten(random, x)
            derived[leaves[i].name] = write(x)
            expression = parse(derived[leaves[i].name])
            number = expression.evaluate({name: problem.point[name] for name in expression.names})
            if not near(number, graph.right[i]):  # log(a b) of two negative numbers, for one
                return None
    except (UnwritableError, DomainError, OperandError, RecursionError):
        return None
    if "callable" in form:
        derived = {name: called(text, problem.point) for name, text in derived.items()}
    return Case("right", form, problem, derived, "rearranged", agrees=True)


def rewritten(random: Random, x: Any) -> Any:
    """Rewrite a term from the inside out, each part with some luck by one of the identities."""
    if not isinstance(x, Term) or isinstance(x.head, str):
        return x
    operands = [rewritten(random, y) for y in x.operands]
    if x.name in IDENTITIES and random.random() < 0.6:
        y = random.choice(IDENTITIES[x.name])(*operands)
        if y:
            return y
    return term(x.name, *operands)


def exp(x: Any) -> Term:
    return term("exp", x)


def tanh(x: Any) -> Term:
    return term("tanh", x)


def parts(name: str, x: Any) -> tuple[Any, ...]:
    """Return the operands of x, if it is such an operation."""
    return x.operands if isinstance(x, Term) and x.name == name else ()


def expanded(x: Any, y: Any) -> Any:
    """Rewrite x (a + b) as x a + x b."""
    if found := parts("add", y):
        return term("add", term("mul", x, found[0]), term("mul", x, found[1]))
    if found := parts("add", x):
        return term("add", term("mul", found[0], y), term("mul", found[1], y))
    if found := parts("sub", y):
        return term("sub", term("mul", x, found[0]), term("mul", x, found[1]))
    return None


def factored(x: Any, y: Any) -> Any:
    """Rewrite a c + b c as (a + b) c, wherever c stands."""
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        first, second = parts("mul", x), parts("mul", y)
        if first and second and write(first[a]) == write(second[b]):
            return term("mul", term("add", first[1 - a], second[1 - b]), first[a])
    return None


def hyperbolic(x: Any, y: Any) -> Any:
    """Rewrite 1 - tanh² as (1 - tanh)(1 + tanh), or as sech² in exponentials."""
    inner = parts("tanh", parts("pow", y)[0]) if parts("pow", y) else ()
    if not inner or not is_number(x, 1):
        return None
    (a,) = inner
    if len(write(a)) % 2:
        return term("mul", term("sub", 1, tanh(a)), term("add", 1, tanh(a)))
    return term("div", 4, term("pow", term("add", exp(a), exp(term("neg", a))), 2))


def power(x: Any, y: Any) -> Any:
    """Rewrite a small power as a product."""
    if is_number(y, 2):
        return term("mul", x, x)
    if is_number(y, 3):
        return term("mul", x, term("pow", x, 2))
    return term("div", 1, term("pow", x, -y)) if not isinstance(y, Term) else None


def commuted(name: str) -> Callable[[Any, Any], Term]:
    return lambda x, y: term(name, y, x)


def regrouped(name: str) -> Callable[[Any, Any], Any]:
    """Rewrite (a + b) + c as a + (b + c), and the same of products."""
    return lambda x, y: (found := parts(name, x)) and term(name, found[0], term(name, found[1], y))


IDENTITIES: dict[str, list[Callable[..., Any]]] = {
    "add": [commuted("add"), regrouped("add"), factored, lambda x, y: term("sub", x, term("neg", y))],
    "sub": [
        hyperbolic,
        lambda x, y: term("add", x, term("neg", y)),
        lambda x, y: term("neg", term("sub", y, x)),
    ],
    "mul": [
        commuted("mul"),
        regrouped("mul"),
        expanded,
        expanded,
        lambda x, y: term("div", x, term("pow", y, -1)),
        lambda x, y: term("pow", x, 2) if write(x) == write(y) else None,
        lambda x, y: term("neg", term("mul", term("neg", x), y)),
    ],
    "div": [
        lambda x, y: term("mul", x, term("pow", y, -1)),
        lambda x, y: term("mul", term("div", 1, y), x),
        lambda x, y: term("div", term("neg", x), term("neg", y)),
        lambda x, y: (f := parts("add", x)) and term("add", term("div", f[0], y), term("div", f[1], y)),
        lambda x, y: (f := parts("mul", x)) and term("mul", f[0], term("div", f[1], y)),
    ],
    "neg": [
        lambda x: term("mul", -1, x),
        lambda x: term("sub", 0, x),
        lambda x: (f := parts("mul", x)) and term("mul", f[0], term("neg", f[1])),
    ],
    "pow": [power, power, lambda x, y: term("exp", term("mul", y, term("log", x)))],
    "exp": [
        lambda x: term("div", 1, exp(term("neg", x))),
        lambda x: (f := parts("add", x)) and term("mul", exp(f[0]), exp(f[1])),
        lambda x: term("pow", exp(term("div", x, 2)), 2),
    ],
    "log": [
        lambda x: (f := parts("mul", x)) and term("add", term("log", f[0]), term("log", f[1])),
        lambda x: (f := parts("div", x)) and term("sub", term("log", f[0]), term("log", f[1])),
        lambda x: (f := parts("pow", x)) and term("mul", f[1], term("log", f[0])),
        lambda x: term("neg", term("log", term("div", 1, x))),
    ],
    "sqrt": [lambda x: term("pow", x, 0.5), lambda x: exp(term("mul", 0.5, term("log", x)))],
    "sin": [
        lambda x: term("cos", term("sub", x, math.pi / 2)),
        lambda x: term("mul", term("mul", 2, term("sin", term("div", x, 2))), term("cos", term("div", x, 2))),
        lambda x: term("neg", term("sin", term("neg", x))),
    ],
    "cos": [
        lambda x: term("sin", term("add", x, math.pi / 2)),
        lambda x: term("sub", 1, term("mul", 2, term("pow", term("sin", term("div", x, 2)), 2))),
        lambda x: term("cos", term("neg", x)),
    ],
    "tanh": [
        lambda x: term("sub", 1, term("div", 2, term("add", exp(term("mul", 2, x)), 1))),
        lambda x: term(
            "div", term("sub", exp(x), exp(term("neg", x))), term("add", exp(x), exp(term("neg", x)))
        ),
        lambda x: term("sub", term("mul", 2, term("sigmoid", term("mul", 2, x))), 1),
    ],
    "sigmoid": [
        lambda x: term("div", 1, term("add", 1, exp(term("neg", x)))),
        lambda x: term("div", exp(x), term("add", 1, exp(x))),
        lambda x: term("mul", 0.5, term("add", 1, tanh(term("div", x, 2)))),
        lambda x: term("sub", 1, term("sigmoid", term("neg", x))),
    ],
    "softplus": [lambda x: term("log", term("add", 1, exp(x)))],
    "mean": [lambda *xs: term("div", term("sum", *xs), len(xs))],
    "logsumexp": [lambda *xs: term("log", term("sum", *map(exp, xs)))],
}
"""Other ways to write an operation; what is nothing, or an empty tuple, does not apply."""
