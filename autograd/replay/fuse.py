"""Sums of products, however they were written, as one statement each.

`b + w1*x1 + w2*x2`, `dot(w, x, b)` and `sum([b, w1*x1, w2*x2])` mean the same: two products
and a term. A sum that only another sum reads becomes part of it. Everything else stays a
row of the table on its operands, and is computed once for all equal operands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.primitives import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from autograd.primitives import Primitive
    from autograd.replay.lower import Operand, WengertList


class Statement:
    """One statement after fusing: a row of the table, or with no row a sum of products and terms."""

    __slots__ = ("constant", "operands", "pairs", "row", "scaled", "terms")

    def __init__(self, row: Primitive | None = None, operands: tuple[Operand, ...] = ()) -> None:
        self.row = row
        self.operands = operands
        self.pairs: list[tuple[int, int]] = []  # of slots, to be multiplied
        self.scaled: list[tuple[int, float]] = []  # a slot and its constant factor
        self.terms: list[int] = []
        self.constant = -0.0  # to which anything adds up to itself, -0.0 too

    @property
    def slots(self) -> list[int]:
        """The slots it reads."""
        found = [x for pair in self.pairs for x in pair] + [x for x, _ in self.scaled] + self.terms
        return found + [x for x in self.operands if isinstance(x, int)]

    @property
    def work(self) -> int:
        """How many operations it stands for."""
        if self.row is not None:
            return len(self.operands) if self.row.variadic else 1
        return len(self.pairs) + len(self.scaled) + len(self.terms)

    def bundles(self, varying: Collection[int]) -> dict[str, list[tuple[Any, ...]]]:
        """Sort what is added up by kind, and by how many of the operands are among `varying`.

        So are the operands of a row of many. Of a pair the operand that does not vary comes first.
        """
        found: dict[str, list[tuple[Any, ...]]] = {}
        for x, y in self.pairs:
            first, second = (y, x) if x in varying and y not in varying else (x, y)
            found.setdefault(f"pairs {(x in varying) + (y in varying)}", []).append((first, second))
        for slot, factor in self.scaled:
            found.setdefault(f"scaled {int(slot in varying)}", []).append((slot, factor))
        for slot in self.terms:
            found.setdefault(f"terms {int(slot in varying)}", []).append((slot,))
        for operand in self.operands:
            kind = f"slots {int(operand in varying)}" if isinstance(operand, int) else "numbers"
            found.setdefault(kind, []).append((operand,))
        return found

    def take_in(self, other: Statement) -> None:
        """Add all that another sum adds up."""
        if other.work > self.work:  # so that a long chain is not copied at every link
            self.pairs, other.pairs = other.pairs, self.pairs
            self.scaled, other.scaled = other.scaled, self.scaled
            self.terms, other.terms = other.terms, self.terms
        self.pairs += other.pairs
        self.scaled += other.scaled
        self.terms += other.terms
        self.constant += other.constant

    def multiply(self, x: Operand, y: Operand) -> None:
        """Add a product."""
        if isinstance(x, int) and isinstance(y, int):
            self.pairs.append((x, y))
        elif isinstance(x, int):
            self.scaled.append((x, y))
        elif isinstance(y, int):
            self.scaled.append((y, x))
        else:
            self.constant += x * y


class Fusing:
    """Goes through a Wengert list and makes statements of it."""

    def __init__(self, wengert: WengertList) -> None:
        self.wengert = wengert
        self.statements: dict[int, Statement] = {}
        first = len(wengert.inputs)
        self.uses = [0] * (first + len(wengert.rows))
        for operands in wengert.operands:
            for x in operands:
                if type(x) is int:
                    self.uses[x] += 1
        for x in (wengert.output, *(x for guard in wengert.guards for x in (guard.left, guard.right))):
            if type(x) is int:
                self.uses[x] += 2  # needed for itself
        makers: dict[str, Callable[..., Statement]] = {
            "add": self.total,
            "sum": self.total,
            "mean": self.mean,
            "mul": self.product,
            "prod": self.product_of_many,
            "dot": self.dot,
        }
        made_by = {TABLE[name]: make for name, make in makers.items() if name in TABLE}
        self.kept = {x for guard in wengert.guards for x in (guard.left, guard.right)} | {wengert.output}
        self.known: dict[Any, int] = {}  # where a row was first computed on these slots
        same: dict[int, int] = {}
        for slot, row, given in zip(
            range(first, len(self.uses)), wengert.rows, wengert.operands, strict=True
        ):
            operands = tuple([same.get(x, x) if type(x) is int else x for x in given]) if same else given
            make = made_by.get(row)
            before = slot if make else self.computed(row, operands, slot)
            if before == slot:
                self.statements[slot] = make(*operands) if make else Statement(row, operands)
            else:
                same[slot] = before

    def computed(self, row: Primitive, operands: tuple[Operand, ...], slot: int) -> int:
        """Return the slot in which a row on these operands is computed first: losses on the same outputs."""
        if slot in self.kept or not all(type(x) is int for x in operands):  # 0.0 and -0.0 would be one key
            return slot
        return self.known.setdefault((row, operands), slot)

    def total(self, *operands: Operand) -> Statement:
        """Add up, and take in what only this sum reads."""
        statement = Statement()
        for x in operands:
            if not isinstance(x, int):
                statement.constant += x
            elif self.uses[x] == 1 and x in self.statements and self.statements[x].row is None:
                statement.take_in(self.statements.pop(x))
            else:
                statement.terms.append(x)
        return statement

    def mean(self, *operands: Operand) -> Statement:
        """Divide a sum, which gets a slot of its own."""
        return Statement(TABLE["div"], (self.added(self.total(*operands)), float(len(operands))))

    def added(self, statement: Statement) -> int:
        """Give one more statement a slot, which one other reads."""
        slot = len(self.uses)
        self.uses.append(1)
        self.statements[slot] = statement
        return slot

    @staticmethod
    def product(x: Operand, y: Operand) -> Statement:
        """Multiply."""
        statement = Statement()
        statement.multiply(x, y)
        return statement

    def product_of_many(self, *operands: Operand) -> Statement:
        """Multiply from left to right, each product with a slot of its own."""
        result, *others = operands
        for x in others[:-1]:
            self.statements[len(self.uses)] = self.product(result, x)
            result = len(self.uses)
            self.uses.append(1)
        return self.product(result, others[-1] if others else 1.0)

    def dot(self, *operands: Operand) -> Statement:
        """Multiply the first half of the operands with the second; an odd last one is a term."""
        half = len(operands) // 2
        statement = self.total(*operands[2 * half :])
        for x, y in zip(operands[:half], operands[half : 2 * half], strict=True):
            statement.multiply(x, y)
        return statement
