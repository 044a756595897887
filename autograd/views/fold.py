"""Which Values of a graph are drawn together: in one box, or folded into one card.

Room: views. A unit is what becomes one card: a Value, or a call with all that it computed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from autograd.calls import Call, ScopeError, Scopes
from autograd.views.words import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from autograd.value import Value

Unit: TypeAlias = "Value | Call"


class Folding(NamedTuple):
    """Where each Value is shown.

    A parameter of a module that is called several times is in the card of each of those
    calls, if all are folded; everything else is in one place.
    """

    units: dict[Value, tuple[Unit, ...]]
    homes: dict[Unit, Call | None]  # the innermost call whose box holds a card
    names: dict[Call, str]
    parents: dict[Call, Call | None]


def folded(nodes: list[Value], seen: Scopes | None, fold: Collection[str]) -> Folding:
    """Put Values, operands before results, into the boxes and folded cards that they belong to.

    A computed Value belongs to the innermost call that recorded it. A leaf belongs where
    all that use it are, if it was made there or is a parameter of the module called;
    else it is an input, and stays outside.
    """
    if seen is None:
        return Folding({node: (node,) for node in nodes}, dict.fromkeys(nodes), {}, {})
    known = set(seen.calls)
    parents = {call: call.parent if call.parent in known else None for call in seen.calls}
    names = _names(seen.calls, parents)
    cards = _cards(seen.calls, names, parents, fold)
    folding = Folding({}, {}, names, parents)
    users: dict[Value, dict[Call | None, None]] = {node: {} for node in nodes}
    for node in nodes:
        if node.primitive is not None:
            call = seen.innermost(node)
            card = cards.get(call)
            folding.units[node] = (card or node,)
            folding.homes[card or node] = parents[card] if card else call
            for x in node.parents:
                users.setdefault(x, {})[call] = None
    leaves: dict[int, set[object]] = {}
    for leaf in nodes:
        if leaf.primitive is None:
            calls = users[leaf] or {None: None}
            home = _common(calls, parents)
            while home is not None and not _keeps(home, leaf, parents, leaves):
                home = parents[home]
            around = [cards.get(call) for call in calls]
            if home in cards:
                folding.units[leaf] = (cards[home],)
            elif all(card is not None and _keeps(card, leaf, parents, leaves) for card in around):
                folding.units[leaf] = tuple(dict.fromkeys(card for card in around if card is not None))
            else:
                folding.units[leaf] = (leaf,)
                folding.homes[leaf] = home
    return folding


def outwards(call: Call | None, parents: dict[Call, Call | None]) -> Iterator[Call]:
    """List a call and those around it, innermost first."""
    while call is not None:
        yield call
        call = parents[call]


def _cards(
    calls: list[Call], names: dict[Call, str], parents: dict[Call, Call | None], fold: Collection[str]
) -> dict[Call | None, Call]:
    """Find, for each call that is folded or is in one that is, the outermost such."""
    cards: dict[Call | None, Call] = {}
    for call in calls:
        around = parents[call]
        if around in cards:
            cards[call] = cards[around]
        elif fold and not _kinds(call, names, parents).isdisjoint(fold):
            cards[call] = call
    if fold and not cards:
        there = dict.fromkeys(
            call.name if call.owner is None else type(call.owner).__name__ for call in calls
        )
        raise ScopeError(
            f"no scope is called {' or '.join(map(repr, fold))}; there are {', '.join(there) or 'none'}"
        )
    return cards


def _names(calls: list[Call], parents: dict[Call, Call | None]) -> dict[Call, str]:
    """Name each call; of several with one name in one place the later ones get a number."""
    met: Counter[tuple[Call | None, str]] = Counter()
    names = {}
    for call in calls:
        name = printable(call.name).strip()
        met[parents[call], name] += 1
        count = met[parents[call], name]
        names[call] = name if count == 1 else f"{name} #{count}"
    return names


def _kinds(call: Call, names: dict[Call, str], parents: dict[Call, Call | None]) -> set[str]:
    """List what a call may be folded by: its name, its path, the classes of its module, or "model"."""
    around = list(outwards(call, parents))
    kinds = {call.name, names[call], "/".join([names[other] for other in reversed(around)])}
    if call.owner is not None:
        kinds.update(
            name for cls in type(call.owner).__mro__[:-1] for name in (cls.__name__, cls.__name__.lower())
        )
        if all(other.owner is None for other in around[1:]):
            kinds.add("model")
    return kinds


def _keeps(call: Call, leaf: Value, parents: dict[Call, Call | None], leaves: dict[int, set[object]]) -> bool:
    """Say whether a leaf was made in a call, or is a parameter of the module called; `leaves` remembers."""
    if call.holds(leaf):
        return True
    module = next((other for other in outwards(call, parents) if other.owner is not None), None)
    if module is None:
        return False
    if id(module.owner) not in leaves:
        leaves[id(module.owner)] = set(module.leaves())
    return leaf in leaves[id(module.owner)]


def _common(calls: Iterable[Call | None], parents: dict[Call, Call | None]) -> Call | None:
    """Return the innermost call in which all of some calls are."""
    first, *others = calls
    chain = list(outwards(first, parents))
    for other in others:
        around = set(outwards(other, parents))
        chain = [call for call in chain if call in around]
    return chain[0] if chain else None
