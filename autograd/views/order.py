"""Why backward goes in reverse topological order, and why it adds: three passes beside each other.

Room: views. It works on numbers of its own, by the local derivatives that `chain.py` lists.
"""

from __future__ import annotations

import math
import operator
from collections import deque
from typing import TYPE_CHECKING

from autograd.graph import topological_order
from autograd.views.chain import Lesson, Steps, Writer, check, shares, uses
from autograd.views.setting import Row, aligned, ends, joined, wrapped
from autograd.views.words import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.value import Value


class OrderLesson(Lesson):
    """The gradients of three backward passes; made by `why_order`.

    Attributes
    ----------
    right, hasty, overwritten
        The gradient of every Value: in the right order with `+=`; with each node handing
        down as soon as it is reached; and in the right order with `=`.
    """

    __slots__ = ("hasty", "overwritten", "right")

    def __init__(
        self,
        text: str,
        right: dict[Value, float],
        hasty: dict[Value, float],
        overwritten: dict[Value, float],
    ) -> None:
        super().__init__(text)
        self.right = right
        self.hasty = hasty
        self.overwritten = overwritten


def why_order(output: Value) -> OrderLesson:
    """Show why backward goes in reverse topological order, and why it adds.

    Three backward passes beside each other: the right one; one in which a node hands down
    its gradient as soon as it is reached; and one that writes `=` where `+=` belongs.

    Parameters
    ----------
    output
        The Value to go back from.

    Raises
    ------
    OperandError
        If `output` is not a Value.
    StaleGraphError
        If a leaf was changed after it was used.

    Notes
    -----
    The hasty pass goes breadth first or, where that comes out right by luck, depth first.
    It works on numbers of its own: no `grad` is touched.

    Examples
    --------
    >>> from autograd import Value
    >>> a = Value(1.0, label="a")
    >>> b = a + a
    >>> b.label = "b"
    >>> lesson = why_order(b * 3 + b)
    >>> lesson.right[a], lesson.hasty[a], lesson.overwritten[a]
    (8.0, 2.0, 3.0)
    """
    check(output)
    interior, leaves = topological_order(output, current=True)
    nodes = [*reversed(interior), *reversed(leaves)]
    steps = {node: shares(node) for node in reversed(interior)}
    right, _ = _swept(nodes, steps, operator.add)
    overwritten, _ = _swept(nodes, steps, lambda _, share: share)
    late = next((node for node in nodes if not _same(overwritten[node], right[node])), None)
    for breadth_first in (True, False):
        order = _hasty_order(output, steps, breadth_first=breadth_first)
        hasty, handed = _swept(order, steps, operator.add)
        early = next((node for node in order if node in steps and not _same(handed[node], right[node])), None)
        if early is not None:
            break
    written = Writer([*leaves, *interior])
    heading = f"Backward from {written[output]}: the right way, and two ways to go wrong"
    blocks = [[heading], _comparison(nodes, written, [right, hasty, overwritten], {early, late})]
    if all(uses == 1 for uses in uses(steps).values()):
        blocks.append(
            wrapped(
                "All three agree, because every node is used only once: each has a single share to wait "
                "for and a single share to keep. Order and += matter where paths meet.",
            ),
        )
    else:
        blocks.append(_why_early(early, order, steps, (handed, right), written))
        blocks.append(_why_late(late, steps, right, written))
    return OrderLesson("\n\n".join(map("\n".join, blocks)), right, hasty, overwritten)


# The three passes --------------------------------------------------------------------------------


def _swept(
    order: Sequence[Value],
    steps: Steps,
    write: Callable[[float, float], float],
) -> tuple[dict[Value, float], dict[Value, float]]:
    """Go backward in an order; return the gradients at the end, and what each node had to hand down."""
    adjoints, handed = dict.fromkeys(order, 0.0), {}
    adjoints[order[0]] = 1.0
    for node in order:
        handed[node] = adjoints[node]
        for _, x, local in steps.get(node, ()):
            adjoints[x] = write(adjoints[x], adjoints[node] * local)
    return adjoints, handed


def _hasty_order(output: Value, steps: Steps, *, breadth_first: bool) -> list[Value]:
    """List the nodes as a search meets them, which waits for nobody."""
    order, met, waiting = [], {output}, deque([output])
    while waiting:
        node = waiting.popleft() if breadth_first else waiting.pop()
        order.append(node)
        fresh = [x for x in dict.fromkeys(x for _, x, _ in steps.get(node, ())) if x not in met]
        met.update(fresh)
        waiting.extend(fresh)
    return order


def _same(x: float, y: float) -> bool:
    return math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-14) or (math.isnan(x) and math.isnan(y))


# The text of why_order ---------------------------------------------------------------------------


def _comparison(
    nodes: list[Value],
    written: Writer,
    passes: list[dict[Value, float]],
    faults: set[Value | None],
) -> list[str]:
    """Write the gradients of the passes beside each other, and mark those that are wrong."""
    rows: list[Row] = [("", "right", "too early", "= for +=")]
    shown, hidden = {node for node in ends(nodes) if node is not None}, 0
    for node in nodes:
        if node in shown or node in faults:
            if hidden:
                rows.append(f"… {hidden:,} more …")
            hidden = 0
            marks = ["" if _same(grads[node], passes[0][node]) else " ✗" for grads in passes]
            numbers = [f"{number(grads[node])}{mark}" for grads, mark in zip(passes, marks, strict=True)]
            rows.append((written.operation(node), *numbers))
        else:
            hidden += 1
    return aligned(rows)


def _why_early(
    node: Value | None,
    order: list[Value],
    steps: Steps,
    sweeps: tuple[dict[Value, float], dict[Value, float]],
    written: Writer,
) -> list[str]:
    if node is None:
        return wrapped(
            "Too early: breadth first or depth first, every node happened to wait for all its shares here. "
            "Only reverse topological order makes sure of it.",
        )
    done = set(order[: order.index(node)])
    missing = [
        written[c] for c, step in steps.items() if c not in done and any(x is node for _, x, _ in step)
    ]
    early, right = (number(sweep[node]) for sweep in sweeps)
    owe = "owes" if len(missing) == 1 else "owe"
    return wrapped(
        f"Too early: {written[node]} is the first to go wrong. It hands down its gradient while "
        f"{joined(missing, ' and ', 40)} still {owe} it a share: it passes on {early}, not {right}, "
        "and what arrives later is never passed on. In reverse topological order a node comes after all that "
        "use it.",
    )


def _why_late(node: Value | None, steps: Steps, right: dict[Value, float], written: Writer) -> list[str]:
    if node is None:
        return wrapped("= for +=: by luck, all the shares that are overwritten here are 0.")
    shares = [(c, number(right[c] * local)) for c, step in steps.items() for _, x, local in step if x is node]
    told = joined([f"{share} by way of {written[c]}" for c, share in shares], " and ", 64)
    return wrapped(
        f"= for +=: {written[node]} is the first to go wrong. It is used {len(shares):,} times, and its "
        f"shares are {told}. Each = overwrites the one before: of {number(right[node])} only the last share, "
        f"{shares[-1][1]}, is left. A sum over paths needs +=.",
    )
