"""Scopes: which call recorded a Value, so that a drawing can put what belongs together in a box.

Nodes know nothing of it. Every node keeps the epoch in which it was recorded; a call that is
watched begins a new epoch when it starts and when it ends, so that it owns the epochs
between. These intervals lie one in another or apart, as calls do. An interval holds all that
was recorded in some span of time, and results come after operands: to fold one into a single
card never makes a circle, however often a module is shared.
"""

from __future__ import annotations

from bisect import bisect
from contextlib import contextmanager
from math import inf
from threading import get_ident, local
from typing import TYPE_CHECKING

from autograd.errors import AutogradError
from autograd.graph import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from autograd.graph import Node


class ScopeError(AutogradError, ValueError):
    """A scope without a proper name."""


class Call:
    """One call, from the first epoch that it owns to the first that it does not.

    Attributes
    ----------
    name
        What it is called, within `parent`.
    owner
        The module that was called; None for a block of code.
    leaves
        Lists the leaves that the owner keeps, its parameters.
    parent
        The call within which it was made.
    """

    __slots__ = ("end", "leaves", "name", "owner", "parent", "start")

    def __init__(
        self,
        name: str,
        owner: object,
        leaves: Callable[[], Iterable[Node]],
        parent: Call | None,
    ) -> None:
        self.name = name
        self.owner = owner
        self.leaves = leaves
        self.parent = parent
        self.start = clock.advance()
        self.end = inf

    def holds(self, node: Node) -> bool:
        """Say whether a node was recorded, or a leaf made or last set, during the call."""
        return self.start <= node._epoch < self.end


class Scopes:
    """The calls that were made while it was active; see `scopes`.

    Attributes
    ----------
    calls
        The calls, in the order in which they began.
    """

    __slots__ = ("calls", "thread")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.thread = get_ident()

    def innermost(self, node: Node) -> Call | None:
        """Return the innermost call that recorded a node, or None."""
        at = bisect(self.calls, node._epoch, key=lambda call: call.start)
        call = self.calls[at - 1] if at else None
        while call is not None and not call.holds(node):
            call = call.parent
        # a call around the whole `with scopes()` is no part of it, and began before all that are
        return call if call is None or call.start >= self.calls[0].start else None

    def __repr__(self) -> str:
        names = [call.name for call in self.calls]
        shown = ", ".join(names if len(names) <= 6 else [*names[:5], "…"])  # noqa: PLR2004 - a line
        return f"<Scopes: {len(names):,} call{'s' * (len(names) != 1)}{shown and f', {shown}'}>"


watches: list[Scopes] = []
"""What is being watched, in any thread: a library need not even ask for a `scope` while this is empty."""


class _Here(local):
    """The calls that one thread is in."""

    def __init__(self) -> None:
        self.open: list[Call] = []


_here = _Here()


@contextmanager
def scopes() -> Iterator[Scopes]:
    """Watch which calls record which Values.

    Every call of a Module of `nn` and every block ``with scope("name"):`` that this thread
    begins meanwhile is noted. What another thread records meanwhile counts as recorded in
    the call that this thread is in.

    Examples
    --------
    >>> from autograd import Value
    >>> x = Value(0.5, label="x")
    >>> with scopes() as seen:
    ...     with scope("square"):
    ...         y = x * x
    ...     z = y.tanh() + x
    >>> seen
    <Scopes: 1 call, square>
    >>> seen.innermost(y).name, seen.innermost(z)
    ('square', None)
    """
    seen = Scopes()
    watches.append(seen)
    try:
        yield seen
    finally:
        watches.remove(seen)


@contextmanager
def scope(
    name: str,
    owner: object = None,
    leaves: Callable[[], Iterable[Node]] = tuple,
) -> Iterator[None]:
    """Name a block of code, so that a drawing can show as one what it computes.

    It costs next to nothing unless `scopes` is watching.

    Parameters
    ----------
    name
        What the block is called. The same name may be used again, also inside itself.
    owner, leaves
        For libraries of modules: what is called, and a function that lists the leaves it
        keeps. Those go into the folded card; leaves from elsewhere stay outside.

    Raises
    ------
    ScopeError
        If the name is not text, or empty.

    Examples
    --------
    >>> with scopes() as seen, scope("outer"), scope("inner"):
    ...     pass
    >>> [call.name for call in seen.calls], seen.calls[1].parent.name
    (['outer', 'inner'], 'outer')
    """
    if not isinstance(name, str) or not name.strip():
        raise ScopeError(f"a scope has a name, such as scope('attention'); got {name!r}")
    here = [seen for seen in watches if seen.thread == get_ident()]
    if not here:
        yield
        return
    call = Call(name, owner, leaves, innermost())
    _here.open.append(call)
    for seen in here:
        seen.calls.append(call)
    try:
        yield
    finally:
        if call in _here.open:  # else a call around it has ended first, as coroutines can bring about
            at = _here.open.index(call)
            now = clock.advance()
            for ended in _here.open[at:]:
                ended.end = now
            del _here.open[at:]


def innermost() -> Call | None:
    """Return the call that this thread is in, if it is watched."""
    return _here.open[-1] if _here.open else None
