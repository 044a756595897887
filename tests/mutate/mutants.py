"""Every small way to make the source of the rules wrong: one change in each mutant.

A mutant is the syntax tree of a file with one node replaced: a sign, a factor, an operand
swapped, a branch dropped, a comparison turned, a constant changed.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


Place: TypeAlias = "tuple[ast.AST, str, int | None, frozenset[str]]"
"""A parent, a field of it, an index there if it is a list; and the names that are bound."""


class Mutant(NamedTuple):
    """One change to a file."""

    file: str
    line: int
    place: str  # the row or function it stands in
    change: str
    source: str


OTHER: dict[type[ast.AST], Any] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


SYMMETRIC = {"hypot", "max", "largest", "smallest", "_equal", "zip", "_dot"}
"""Functions whose operands may be swapped."""


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:  # noqa: C901, PLR0912 - a list of cases
    """Replace a node by each of its wrong forms."""
    match node:
        case ast.BinOp(left=x, op=op, right=y):
            if type(op) in OTHER:
                yield "operator", ast.BinOp(x, OTHER[type(op)](), y)
            if isinstance(op, ast.Sub | ast.Div):
                yield "operands swapped", ast.BinOp(y, op, x)
            if isinstance(op, ast.Mult | ast.Div | ast.Add | ast.Sub):
                yield "first operand alone", x
            if isinstance(op, ast.Mult | ast.Add):
                yield "second operand alone", y
        case ast.UnaryOp(op=ast.USub(), operand=x) if not isinstance(x, ast.Constant):
            yield "sign", x
        case ast.Compare(ops=[op]) if type(op) in OTHER:
            yield "comparison", ast.Compare(node.left, [OTHER[type(op)]()], node.comparators)
        case ast.BoolOp(op=op) if type(op) in OTHER:
            yield "and/or", ast.BoolOp(OTHER[type(op)](), node.values)
        case ast.IfExp(body=x, orelse=y):
            yield "first branch alone", x
            yield "second branch alone", y
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield "constant + 1", ast.Constant(number + 1)
            if number:
                yield "sign of a constant", ast.UnaryOp(ast.USub(), node)
                yield "constant off by 1e-9", ast.Constant(number * (1 + 1e-9))
        case ast.Call(args=[x, y]) if (
            getattr(node.func, "attr", getattr(node.func, "id", "")) not in SYMMETRIC
        ):
            yield "arguments swapped", ast.Call(node.func, [y, x], node.keywords)
        case ast.Name(id="x"):
            yield "wrong operand", ast.Name("y", node.ctx)
        case ast.Name(id="y"):
            yield "wrong operand", ast.Name("x", node.ctx)
        case ast.Name(id="z"):
            yield "wrong operand", ast.Name("x", node.ctx)


def rules(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """List the functions of a file, and the values and partials of its rows."""
    for top in tree.body:
        if isinstance(top, ast.FunctionDef):
            yield top.name, top
        value = getattr(top, "value", None)
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "primitive":
            name = ast.literal_eval(value.args[0])
            for part in value.args[1:3]:
                yield name, part
        elif isinstance(top, ast.Assign) and isinstance(value, ast.Tuple):  # constants of formulas; a single
            yield ast.unparse(top.targets[0]), value  # one only chooses between formulas


def places(node: ast.AST, bound: frozenset[str] = frozenset()) -> Iterator[Place]:
    """List every place of an expression in a tree, and the operands that are known there."""
    if isinstance(node, ast.Lambda | ast.FunctionDef):
        bound |= {x.arg for x in node.args.args}
    for field, value in ast.iter_fields(node):
        if field in {"returns", "annotation", "decorator_list", "func"} or isinstance(value, ast.arguments):
            continue
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not docstring:
                yield node, field, i if isinstance(value, list) else None, bound
                yield from places(child, bound)


def put(parent: ast.AST, field: str, i: int | None, node: ast.AST) -> None:
    """Put a node in a place."""
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def mutants(file: str, source: str, among: Collection[str] = ()) -> Iterator[Mutant]:
    """Make every mutant of a file, or those of some rules.

    Of changes that read alike in one place, the second is `no. 2`.
    """
    tree = ast.parse(source)
    alike: Counter[tuple[str, str]] = Counter()
    for name, rule in rules(tree):
        if among and name not in among:
            continue
        for parent, field, i, bound in list(places(rule)):
            held = getattr(parent, field)
            node = held if i is None else held[i]
            for change, wrong in changes(node):
                named = wrong.id if isinstance(wrong, ast.Name) else None
                if (change == "wrong operand" and named not in bound) or isinstance(node, ast.expr_context):
                    continue
                replaced = ast.copy_location(copy.deepcopy(wrong), node)
                put(parent, field, i, replaced)
                text = ast.unparse(ast.fix_missing_locations(tree))
                put(parent, field, i, node)
                shown = f"{change}: {ast.unparse(node)} -> {ast.unparse(replaced)}"
                alike[name, shown] += 1
                if alike[name, shown] > 1:
                    shown += f", no. {alike[name, shown]}"
                yield Mutant(file, getattr(node, "lineno", 0), name, shown, text)
