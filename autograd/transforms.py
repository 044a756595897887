"""Derivatives of functions: from a function, another that computes its derivative.

The functions take numbers, or nested lists, tuples, dicts and numpy arrays of numbers,
and derivatives come in the same structure. They nest in any order.

Reverse mode puts new leaves in place of the arguments and asks for the adjoints of
those leaves, forward mode puts dual numbers there. When both are at work, duals lie
over Values, never Values over duals: an argument that is dual gets a leaf in place of
its real number. The derivative of a result p + ε t by that leaf is p' + ε t', whichever
of the two was asked for first, because derivatives commute.

Nothing is set up that would have to be taken down: a function may raise at any point,
and threads do not meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.dual import Dual, levels
from autograd.errors import LengthError, OperandError
from autograd.graph import topological_order
from autograd.primitives import dot, sum as sum_
from autograd.structure import filled, mapped, numbers
from autograd.value import Value, adjoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FORWARD_COST = 10
"""How many reverse sweeps one evaluation in dual numbers costs."""


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that computes the gradient of `f`, by reverse mode.

    Parameters
    ----------
    f
        A function that returns one number.
    argnums
        Which positional argument to differentiate by; several give a tuple. The others,
        and keyword arguments, are passed on as they are.

    Returns
    -------
    Callable
        Takes what `f` takes and returns the derivative, in the structure of the argument. The
        numbers are floats if plain numbers went in; if `f` uses Values of its own, or is given
        them, they are Values and can be differentiated by those.

    Raises
    ------
    OperandError
        When called, if an argument or the result holds anything but real numbers.
    LengthError
        When called, if there is no such argument.

    Notes
    -----
    One evaluation and one reverse sweep, however many numbers there are.

    Examples
    --------
    >>> grad(lambda x, y: x * y + x.sin())(2.0, 5.0)
    4.583853163452858
    >>> grad(lambda w: (w["a"] * w["b"][0]).exp())({"a": 0.0, "b": [3.0]})
    {'a': 3.0, 'b': [0.0]}
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """

    def gradient(*args: Any, **keywords: Any) -> Any:
        return value_and_grad(f, argnums)(*args, **keywords)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that computes the value and the gradient of `f`; see `grad`.

    Examples
    --------
    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """

    def value_and_gradient(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        tree, of_tree = _differentiated(f, args, keywords, argnums)
        value, pullback = vjp(of_tree, tree)
        if hasattr(value, "__len__"):
            raise OperandError(
                f"a gradient is that of one number, but the function returned {value!r}; "
                "return one of them or their sum, or use jacobian or vjp",
            )
        return value, pullback(1.0)[0]

    return value_and_gradient


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Evaluate `f` and return the value with its pullback: vector times Jacobian.

    Parameters
    ----------
    f
        A function that returns a number or a structure of numbers.
    *primals
        Its arguments.

    Returns
    -------
    value, pullback
        The pullback takes cotangents in the structure of the value, and returns for each primal
        the derivative of their inner product with the value; a cotangent 0.0 leaves a result out.
        It can be called again.

    Raises
    ------
    OperandError
        If an argument or the result holds anything but real numbers.

    Notes
    -----
    One evaluation; each call of the pullback is one reverse sweep.

    Examples
    --------
    >>> value, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> value, pullback([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    level = next(levels)
    given = mapped(lambda x: _leaf(x, level), primals, at="the arguments")
    leaves = [_bottom(x) for x in numbers(given)]
    outputs = mapped(lambda z: z, f(*given), at="the result")
    flat = numbers(outputs)
    record = any(leaf.primitive is not None for leaf in leaves) or _uses_others(flat, level)

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        seeds: list[Any] = []
        mapped(lambda _, seed: seeds.append(seed), outputs, cotangents, at="the value")
        asked = [(seed, z) for seed, z in zip(seeds, flat, strict=True) if not _is_zero(seed)]
        total = dot(*zip(*asked, strict=True)) if asked else 0.0
        again = record or any(hasattr(seed, "apply") for seed in seeds)
        return filled(primals, iter(_adjoints(total, leaves, record=again)))  # type: ignore[no-any-return]

    return outputs if record else mapped(_without_graph, outputs), pullback


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Evaluate `f` and its derivative along a direction, by forward mode: Jacobian times vector.

    Parameters
    ----------
    f
        A function that returns a number or a structure of numbers.
    primals, tangents
        Its arguments, and for each the direction, in the same structure. A number whose tangent
        is 0.0 is held constant.

    Returns
    -------
    value, tangent
        Both in the structure of the result.

    Raises
    ------
    LengthError
        If primals and tangents differ in structure.
    OperandError
        If an argument or the result holds anything but real numbers.

    Notes
    -----
    One evaluation in dual numbers: no graph, and memory for nothing but the numbers in use.

    Examples
    --------
    >>> jvp(lambda x, y: [x * y, x + y], (2.0, 3.0), (1.0, 0.0))
    ([6.0, 5.0], [3.0, 1.0])
    """
    level = next(levels)

    def with_tangent(x: Any, x_dot: Any) -> Dual:
        return Dual(x, None if _is_zero(x_dot) else x_dot, level)

    def tangent(z: Any) -> Any:
        return z.tangent if of_level(z) and z.tangent is not None else 0.0

    def of_level(z: Any) -> bool:
        return type(z) is Dual and z.level == level

    outputs = f(*mapped(with_tangent, tuple(primals), tuple(tangents), at="the primals"))
    outputs = mapped(lambda z: z, outputs, at="the result")
    if not _uses_others(numbers(outputs), level):
        outputs = mapped(_without_graph, outputs)
    return mapped(lambda z: z.primal if of_level(z) else z, outputs), mapped(tangent, outputs)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """Return the Hessian of `f` times a vector: forward over reverse, the tangent of the gradient.

    Parameters
    ----------
    f, primals, tangents
        As for `jvp`; `f` returns one number.

    Returns
    -------
    tuple
        For each primal the product, in its structure.

    Raises
    ------
    LengthError, OperandError
        As by `grad` and `jvp`.

    Notes
    -----
    Five to eleven times the cost of one gradient, whatever the number of arguments (Pearlmutter,
    1994, "Fast exact multiplication by the Hessian").

    Examples
    --------
    >>> hvp(lambda x, y: x * x * y, (3.0, 2.0), (1.0, 0.0))
    (4.0, 6.0)
    """
    return jvp(grad(f, range(len(primals))), primals, tangents)[1]  # type: ignore[no-any-return]


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that computes all derivatives of all results of `f`.

    Parameters
    ----------
    f
        A function that returns a number or a structure of numbers.
    argnums
        As for `grad`.

    Returns
    -------
    Callable
        Takes what `f` takes. In the structure of the result there is, for each number, its
        gradient in the structure of the argument; for arrays, one array of both shapes.

    Raises
    ------
    LengthError, OperandError
        As by `grad`.

    Notes
    -----
    One reverse sweep for each number that `f` returns, or one evaluation in dual numbers for
    each number it takes, whichever is cheaper.

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1], x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0], [0.0, 1.0]]
    """

    def derivative(*args: Any, **keywords: Any) -> Any:
        tree, of_tree = _differentiated(f, args, keywords, argnums)
        value, pullback = vjp(of_tree, tree)
        outputs, inputs = len(numbers(value)), len(numbers(tree))
        if outputs <= FORWARD_COST * inputs:
            rows = [pullback(filled(value, _basis(i, outputs)))[0] for i in range(outputs)]
        else:
            columns = [
                numbers(jvp(of_tree, [tree], [filled(tree, _basis(i, inputs))])[1]) for i in range(inputs)
            ]
            rows = [filled(tree, iter(row)) for row in zip(*columns, strict=True)]
        return filled(value, iter(rows))

    return derivative


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that computes all second derivatives of `f`, which returns one number.

    Parameters
    ----------
    f, argnums
        As for `grad`.

    Returns
    -------
    Callable
        Takes what `f` takes. In the structure of the argument there is, for each number, the
        derivative of the gradient by it, in the structure of the argument again.

    Raises
    ------
    LengthError, OperandError
        As by `grad`.

    Notes
    -----
    The Jacobian of the gradient: one recorded gradient, and one reverse sweep over it for each
    number in the argument, at most a third of the cost of as many calls of `hvp`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def _differentiated(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    argnums: int | Sequence[int],
) -> tuple[Any, Callable[[Any], Any]]:
    """Return what to differentiate by, and `f` as a function of it alone."""
    single = isinstance(argnums, int)
    chosen: list[int] = [argnums] if single else list(argnums)  # type: ignore[list-item,arg-type]
    for i in chosen:
        if not -len(args) <= i < len(args):
            raise LengthError(f"no argument {i} to differentiate by: {len(args)} were passed by position")
    tree = args[chosen[0]] if single else tuple([args[i] for i in chosen])

    def of_tree(tree: Any) -> Any:
        changed = list(args)
        for i, x in zip(chosen, [tree] if single else tree, strict=True):
            changed[i] = x
        return f(*changed, **keywords)

    return tree, of_tree


def _leaf(x: Any, level: int) -> Any:
    """Return a number that stands for `x` while a function runs."""
    if type(x) is Dual:
        return Dual(_leaf(x.primal, level), x.tangent, x.level)
    if type(x) is Value:
        return x * 1.0  # a node of its own, at which sweeps stop
    leaf = Value(x)
    leaf._y = level
    return leaf


def _bottom(x: Any) -> Any:
    """Return the float or Value that a number rests on."""
    while type(x) is Dual:
        x = x.primal
    return x


def _adjoints(z: Any, leaves: list[Value], *, record: bool) -> list[Any]:
    """Differentiate a result of any kind by leaves."""
    if type(z) is Dual:
        primals, tangents = (_adjoints(part, leaves, record=record) for part in (z.primal, z.tangent))
        return [Dual(x, x_dot, z.level) for x, x_dot in zip(primals, tangents, strict=True)]
    if type(z) is Value:
        return adjoints(z, leaves, record=record, stop=leaves)
    return [None if z is None else 0.0] * len(leaves)  # None is the tangent of a constant


def _uses_others(outputs: list[Any], level: int) -> bool:
    """Whether results depend on Values other than those made for plain numbers, here or further in."""
    values = [value for z in outputs for value in _values(z)]
    leaves = topological_order(sum_(values))[1] if values else []
    return any(leaf._y is None or leaf._y < level for leaf in leaves)


def _values(z: Any) -> list[Value]:
    if type(z) is Dual:
        return _values(z.primal) + _values(z.tangent)
    return [z] if type(z) is Value else []


def _without_graph(z: Any) -> Any:
    if type(z) is Dual:
        return Dual(_without_graph(z.primal), _without_graph(z.tangent), z.level)
    return z.data if type(z) is Value else z


def _is_zero(direction: Any) -> bool:
    """Whether nothing is asked in a direction, so that an infinite partial there does no harm."""
    return type(direction) is float and direction == 0


def _basis(i: int, n: int) -> Iterator[float]:
    """Yield the i-th of the n unit directions."""
    return (float(k == i) for k in range(n))
