"""Lines of numpy made shorter: what stands there twice gets a line, a choice in a choice becomes one.

Rows of the table are written out as they are: what a function computes once is there as often
as it is used, and `0 < x < inf` is a choice inside a choice.

>>> lines = [("t1", "np.exp(x - y)"), ("z", "np.where(x > y, np.where(t1 < inf, t1 * (x - y), t1), t1)")]
>>> for name, text in shared(lines):
...     print(name, "=", text)
s1 = x - y
t1 = np.exp(s1)
z = np.where((x > y) & (t1 < inf), t1 * s1, t1)
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COMPUTED = (ast.BinOp, ast.Compare, ast.Call)
"""What is an operation on arrays."""


def shared(lines: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rewrite lines, each a name and an expression, so that they compute nothing twice."""
    trees = [(name, Choices().visit(ast.parse(text, mode="eval"))) for name, text in lines]
    naming = Naming()
    for _, tree in trees:
        naming.count(tree)
    found = []
    for name, tree in trees:
        text = ast.unparse(naming.visit(tree))
        found += [*naming.lines, (name, text)]
        naming.lines = []
    return found


class Choices(ast.NodeTransformer):
    """Makes `np.where(a, np.where(b, x, y), y)` into `np.where(a & b, x, y)`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Join a choice with the one inside it, if both come to the same otherwise."""
        self.generic_visit(node)
        match node:
            case ast.Call(function, [test, ast.Call(inner, [other, yes, no]), otherwise]):
                where = {ast.unparse(function), ast.unparse(inner)} == {"np.where"}
                if where and ast.unparse(no) == ast.unparse(otherwise):
                    return ast.Call(function, [ast.BinOp(test, ast.BitAnd(), other), yes, no], [])
        return node


class Naming(ast.NodeTransformer):
    """Gives a line to every operation that is read twice."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.lines: list[tuple[str, str]] = []

    def count(self, node: ast.AST) -> None:
        """Count how often operations are read, those inside another one once for it."""
        for child in ast.iter_child_nodes(node):
            text = ast.unparse(child)
            self.reads[text] += isinstance(child, COMPUTED)
            if self.reads[text] < 2:  # noqa: PLR2004 - twice
                self.count(child)

    def visit(self, node: ast.AST) -> ast.AST:
        """Return an expression with names for what is read twice."""
        text = ast.unparse(node)
        if self.reads[text] < 2 or not isinstance(node, COMPUTED):  # noqa: PLR2004 - twice
            return self.generic_visit(node)
        if text not in self.names:
            written = ast.unparse(self.generic_visit(node))
            self.names[text] = f"s{len(self.names) + 1}"
            self.lines.append((self.names[text], written))
        return ast.Name(self.names[text])
