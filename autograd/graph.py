"""The graph of recorded operations: its order, and the one reverse sweep over it.

Glossary
--------
node        one number that was given or computed; the public class is `Value`
leaf        a node that was given, not computed
operand     what an operation acts on: a node, or a plain float, which is a constant
parent      an operand that is a node; a graph points from each result to its parents
primal      the number itself: `_data`
partial     the derivative of one operation's result by one of its operands
adjoint     the derivative of the output by a node: `_adjoint`
tangent     the derivative of a node along a direction of the inputs (forward mode)
seed        the adjoint of the output itself: 1
pull        a function that hands a node's adjoint down to its parents, each share
            multiplied by the partial of that operand: the chain rule, for one node
epoch       how often any leaf's data had been changed when a node was recorded or set

This file knows no operation. It sees nodes, their operand fields and their pulls.
"""

from __future__ import annotations

from collections import deque
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from autograd.errors import OperandError, StaleGraphError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from autograd.primitives import Primitive


class Clock:
    """The current epoch. Recording reads it; changing a leaf's data advances it."""

    __slots__ = ("epoch",)

    def __init__(self) -> None:
        self.epoch = 0.0

    def advance(self) -> float:
        """Begin a new epoch and return it."""
        with lock:
            self.epoch += 1.0
            return self.epoch


class Watcher(Protocol):
    """Who is told when a program looks at the number inside a Value."""

    def compared(self, sign: str, left: Any, right: Any, outcome: bool) -> None:  # noqa: ANN401, FBT001
        """Take note of a comparison of two operands."""

    def chose(self, node: Any, operands: tuple[Any, ...]) -> None:  # noqa: ANN401 - a node of any kind
        """Take note of a node that keeps some of these operands as constants, by their numbers."""

    def derived(self, node: Any) -> None:  # noqa: ANN401 - a node of any kind
        """Take note that a derivative is recorded, and refuse it where it rests on such a choice."""

    def read(self, node: Any, what: str) -> None:  # noqa: ANN401 - a node of any kind
        """Take note that a number was read or set, or refuse it."""


class Pull(Protocol):
    """The chain rule for one node; made from a row of the table."""

    primitive: Primitive

    def __call__(self, node: Any, /) -> None:  # noqa: ANN401 - a node of any kind
        """Add to each parent's adjoint."""


class Node:
    """One number and how it was computed: one small container, and no reference cycle.

    Two operand fields serve nearly every operation. One with more than two operands keeps a tuple
    of them in `_x`. A leaf has no operands, and keeps in `_x` the gradient it has accumulated.
    """

    __slots__ = ("_adjoint", "_data", "_epoch", "_pull", "_x", "_y", "label")

    _data: float
    _adjoint: Any  # float; None before any sweep; a node while a gradient is itself recorded
    _x: Any  # first operand | tuple of operands | a leaf's gradient, None before there is one
    _y: Any  # second operand | None | on a leaf that stands for a plain number, the level of that derivative
    _pull: Pull | None  # None on a leaf
    _epoch: float
    label: str | None

    @property
    def primitive(self) -> Primitive | None:
        """The row of the table that computed this node; None for a leaf."""
        return None if self._pull is None else self._pull.primitive

    @property
    def operands(self) -> tuple[Any, ...]:
        """What the node was computed from, constants included; empty for a leaf."""
        if self._pull is None:
            return ()
        if isinstance(self._x, tuple):
            return self._x
        return (self._x, self._y)[: len(self._pull.primitive.partials)]


N = TypeVar("N", bound=Node)

LONG = 6
"""The most operations that `origin` names one by one."""

lock = RLock()
"""Held while nodes carry marks or adjoints in progress, so that threads may share leaves."""

clock = Clock()

watchers: dict[int, Watcher] = {}
"""By thread, those that record a function for replay: it may not decide by numbers unseen."""


def watcher() -> Watcher | None:
    """Return who watches this thread, if anybody."""
    return watchers.get(get_ident())


def topological_order(  # noqa: C901, PLR0912 - one loop, kept whole for its speed
    output: N,
    *,
    current: bool = False,
    stop: Iterable[N] = (),
) -> tuple[list[N], list[N]]:
    """List what `output` was computed from, operands before results.

    Depth first, first operand first, without recursion: the order depends on the
    graph alone, never on addresses or hashes.

    Parameters
    ----------
    output
        The node to start from.
    current
        If true, refuse a graph in which a leaf changed after it was used.
    stop
        Computed nodes to take as given: neither they nor what is below them is listed.

    Returns
    -------
    interior, leaves
        The computed nodes, `output` last; and the leaves, in the order they are met.

    Raises
    ------
    StaleGraphError
        If `current` is true and the graph mixes two states of a leaf.
    OperandError
        If `output` is not a node.

    Notes
    -----
    Linear in nodes plus edges. Nodes already seen are marked by the identity of a new
    float, equal to the current epoch, in place of their own; so the mark changes
    nothing about what their epoch says. Nodes of an earlier epoch get theirs back.
    """
    if not isinstance(output, Node):
        raise OperandError(f"a graph is reached through a Value, not through {output!r}")
    kind = type(output)
    interior: list[N] = []
    leaves: dict[N, None] = {}
    waiting: list[N | None] = [output]
    earlier: list[tuple[N, float]] = []
    with lock:
        now = clock.epoch
        mark = clock.epoch = now + 0.0  # a float of its own
        try:
            for given in stop:
                if given._pull is not None:
                    earlier.append((given, given._epoch))
                    given._epoch = mark
            while True:  # CPython 3.11 speeds up a loop only at an unconditional jump back
                node = waiting.pop()
                if node is None:  # everything below the next node has been listed
                    interior.append(waiting.pop())  # type: ignore[arg-type]
                elif node._pull is None:
                    leaves[node] = None
                elif (epoch := node._epoch) is not mark:
                    if epoch is not now and epoch < now:
                        earlier.append((node, epoch))
                    node._epoch = mark
                    waiting.append(node)
                    waiting.append(None)
                    y = node._y
                    if type(y) is kind and y._epoch is not mark:
                        waiting.append(y)
                    x = node._x
                    if type(x) is kind:
                        if x._epoch is not mark:
                            waiting.append(x)
                    elif type(x) is tuple:
                        waiting.extend([operand for operand in reversed(x) if type(operand) is kind])
                if not waiting:
                    break
        finally:
            for node, epoch in earlier:
                node._epoch = epoch
    if current:
        for node, epoch in earlier:
            _refuse_stale(node, epoch)
    return interior, list(leaves)


def reverse_sweep(
    output: N,
    interior: list[N],
    leaves: list[N],
    pull: Callable[[N], None] | None = None,
) -> None:
    """Set the adjoint of every node: the derivative of `output` by it.

    From the output back, each node hands its own adjoint on to its parents. When a
    node's turn comes, everything that uses it has already handed down its share.

    Parameters
    ----------
    output, interior, leaves
        A node and its `topological_order`.
    pull
        Use this in place of each node's own pull.
    """
    try:
        for node in (*interior, *leaves):
            node._adjoint = 0.0
        output._adjoint = 1.0
        for node in reversed(interior):
            (pull or node._pull)(node)  # type: ignore[misc]
    except BaseException:
        for node in (*interior, *leaves):
            node._adjoint = None  # half a gradient is no gradient
        raise


def origin(x: object) -> str:
    """Say how an operand was computed from the nearest leaf with a label: ` (a = 2.0 → mul → sub)`.

    It is empty for what was not computed, and where no leaf has a label.
    """
    if not isinstance(x, Node) or x._pull is None:
        return ""
    result: dict[Node, Node] = {}  # breadth first: the first result in which a node is met is the nearest
    waiting = deque([x])
    while waiting:
        node = waiting.popleft()
        if node.label is not None and node._pull is None:
            break
        for operand in node.operands:
            if isinstance(operand, Node) and operand not in result:
                result[operand] = node
                waiting.append(operand)
    else:
        return ""
    leaf, steps = node, []
    while node is not x:
        node = result[node]
        steps.append(node.primitive.name)  # type: ignore[union-attr]  # it was computed
    if len(steps) > LONG:
        steps[2:-2] = [f"{len(steps) - 4} more"]
    return f" ({' → '.join([f'{leaf.label} = {leaf._data!r}', *steps])})"


def assign(setter: Callable[[Node, object], None], nodes: Iterable[Node], values: Iterable[object]) -> None:
    """Store `values` in one field of `nodes`, all in one call that Ctrl-C cannot divide."""
    deque(map(setter, nodes, values), maxlen=0)


set_adjoint = vars(Node)["_adjoint"].__set__
set_gradient = vars(Node)["_x"].__set__  # on leaves


def _refuse_stale(node: Node, epoch: float) -> None:
    for x in node.operands:
        if isinstance(x, Node) and x._pull is None and x._epoch > epoch:
            raise StaleGraphError(
                f"leaf {x.label or 'without a label'} was set to {x._data!r} after "
                f"{getattr(node.primitive, 'name', 'an operation')!r} had used it; "
                "compute the output again, then differentiate it",
            )
