"""The formula of a Value, and of its derivative, as text, in LaTeX and in MathML.

Room: views. A `Term` is one more kind of number on which the rows of the table run:
run forward, the rows give the formula; run by the chain rule, that of the derivative.
It simplifies for reading as it grows, and is written by running once more, on symbols.
"""

from __future__ import annotations

import math
import operator
import re
from collections import Counter, defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from autograd.errors import AutogradError, OperandError
from autograd.graph import topological_order
from autograd.primitives import Primitive, add, div, mul, neg, pow, sub  # noqa: A004 - the operation
from autograd.symbols import BINDING, Symbol
from autograd.value import Value
from autograd.views.local import row_of
from autograd.views.mathml import mathml as translated
from autograd.views.setting import in_parentheses
from autograd.views.words import label_of, names, page, printable, save, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

LIMIT = 2_000
"""The most Values in one formula."""

LONGEST = 12
"""The most operations in one line of it; longer ones are broken at an intermediate result."""

LONGEST_NAME = 30
"""The most letters of a name."""


CONSTANTS = {
    math.pi: r"\pi",
    math.sqrt(2): r"\sqrt{2}",
    2 / math.sqrt(math.pi): r"\frac{2}{\sqrt{\pi}}",
    1 / math.sqrt(2 * math.pi): r"\frac{1}{\sqrt{2 \pi}}",
    math.log2(math.e): r"\frac{1}{\ln\left(2\right)}",
    math.log10(math.e): r"\frac{1}{\ln\left(10\right)}",
}
"""How LaTeX writes numbers that have a form of their own."""


Line: TypeAlias = "tuple[Name | None, Term]"
"""A name, if there is one, and the term it stands for."""


class FormulaError(AutogradError, ValueError):
    """A formula that cannot be written, or not in the way that was asked for."""


class Term:
    """A part of a formula: a name, a number, or a primitive of other terms.

    Parameters
    ----------
    head
        The name, the number or the primitive.
    operands
        The terms that a primitive is applied to.
    """

    __slots__ = ("head", "operands", "size")

    def __init__(self, head: Name | float | Primitive, operands: tuple[Term, ...] = ()) -> None:
        self.head = head
        self.operands = operands
        # an operation of many operands is as long as many operations of two
        self.size: int = sum([x.size for x in operands], max(1, len(operands) - 1) if operands else 0)

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Term:
        """Apply a primitive, in the form that is best to read."""
        return applied(primitive, operands)

    def __add__(self, other: Any) -> Term:  # noqa: ANN401 - a term or a number, here and below
        return applied(add, (self, other))

    def __radd__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(add, (other, self))

    def __sub__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(sub, (self, other))

    def __rsub__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(sub, (other, self))

    def __mul__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(mul, (self, other))

    def __rmul__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(mul, (other, self))

    def __truediv__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(div, (self, other))

    def __rtruediv__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(div, (other, self))

    def __pow__(self, other: Any) -> Term:  # noqa: ANN401
        return applied(pow, (self, other))

    def __neg__(self) -> Term:
        return applied(neg, (self,))

    def written(self, kind: type[Symbol]) -> Symbol:
        """Write the term with symbols of a kind."""
        symbols: dict[Term, Symbol] = {}
        waiting = [self]
        while waiting:  # no recursion: the sum of many numbers is a deep term
            missing = [x for x in waiting[-1].operands if x not in symbols]
            if missing:
                waiting += missing
            else:
                term = waiting.pop()
                symbols[term] = term.joined(kind, tuple([symbols[x] for x in term.operands]))
        return symbols[self]

    def joined(self, kind: type[Symbol], operands: tuple[Symbol, ...]) -> Symbol:
        """Write the head of the term, applied to its operands where it is a primitive."""
        if isinstance(self.head, Primitive):
            return operands[0].apply(self.head, operands)
        if isinstance(self.head, Name):
            return kind(self.head.latex if kind is Latex else self.head.text)
        number = kind("").number(self.head)
        binding = "negative" if self.head < 0 else "*" if "^" in number or "frac" in number else "atom"
        return kind(number, BINDING[binding])

    def summands(self) -> list[tuple[str, Term]]:
        """Take a sum apart: its terms from left to right, each with the sign before it."""
        found, here = [], self
        while here.head is add or here.head is sub:
            found.append(("+" if here.head is add else "-", here.operands[1]))
            here = here.operands[0]
        return [("", here), *reversed(found)]


class Name(NamedTuple):
    """A name in a formula."""

    text: str
    latex: str


def applied(primitive: Primitive, operands: Iterable[Any]) -> Term:
    """Apply a primitive to terms and numbers, as a reader would write it."""
    terms = tuple([x if isinstance(x, Term) else Term(float(x)) for x in operands])
    if primitive.reading is not None:
        read: Term = primitive.reading(*terms)
        return read
    return simplified(primitive, terms)


def partials_in_terms(row: Primitive, z: Term, operands: list[Any]) -> list[Any]:
    """Write the partials of a row; constants are numbers, which are computed with as far as that goes."""
    try:
        return row.partials_at(z, operands)
    except ZeroDivisionError:
        return row.partials_at(z, [x if isinstance(x, Term) else Term(float(x)) for x in operands])


def simplified(primitive: Primitive, terms: tuple[Term, ...]) -> Term:  # noqa: C901, PLR0911, PLR0912 - a list of laws
    """Apply a primitive, leaving out what says nothing: 1 x, x + 0, x to the power 1, two signs."""
    heads = [term.head for term in terms]
    first, last = terms[0], terms[-1]
    if primitive in {add, sub, mul, neg} and all(isinstance(head, float) for head in heads):
        return Term(primitive(*heads))  # type: ignore[arg-type]
    match primitive.name, heads:
        case ("add" | "sub", [_, 0.0]) | ("mul" | "div" | "pow", [_, 1.0]):
            return first
        case ("add", [0.0, _]) | ("mul", [1.0, _]):
            return last
        case ("mul", [0.0, _] | [_, 0.0]) | ("div", [0.0, _]):
            return Term(0.0)
        case ("pow", [1.0, _] | [_, 0.0]):
            return Term(1.0)
        case ("mul", [-1.0, _]) | ("sub", [0.0, _]):
            return -last
        case ("mul", [_, -1.0]):
            return -first
        case ("add", [_, float(number)]) if number < 0:
            return first - -number
        case ("sub", [_, float(number)]) if number < 0:
            return first + -number
        case ("mul", [_, head]) if head is div and last.operands[0].head == 1.0:
            return applied(div, (first, last.operands[1]))
        case ("neg", [head]) if head is neg:
            return first.operands[0]
        case ("add", [_, head]) if head is neg:
            return first - last.operands[0]
        case ("sub", [_, head]) if head is neg:
            return first + last.operands[0]
        case ("mul" | "div", [head, _]) if head is neg:
            return -applied(primitive, (first.operands[0], last))
        case ("mul" | "div", [_, head]) if head is neg:
            return -applied(primitive, (first, last.operands[0]))
    return Term(primitive, terms)


class Latex(Symbol):
    """A symbol that writes LaTeX."""

    __slots__ = ()

    def __neg__(self) -> Symbol:
        return type(self)(f"-{self.operand(self, BINDING['*'])}", BINDING["negative"])

    def apply(self, primitive: Primitive, operands: tuple[object, ...]) -> Symbol:
        """Write the primitive by its sign, its row's own LaTeX, or as a function of its name."""
        if primitive.symbol in BINDING and not primitive.latex:
            return super().apply(primitive, operands)
        texts = [self.operand(x, 0) for x in operands]
        arguments = ", ".join(texts)
        if primitive.latex:
            binding = BINDING["**" if "^" in primitive.latex else "atom"]
            return type(self)(primitive.latex.format(*texts, operands=arguments), binding)
        name = _escaped(primitive.name.strip("_"))
        return type(self)(rf"\operatorname{{{name}}}\left({arguments}\right)")

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write a fraction, a power, a product without a sign, a sum or a difference."""
        match symbol:
            case "/":
                text = rf"\frac{{{self.operand(left, 0)}}}{{{self.operand(right, 0)}}}"
                return type(self)(text, BINDING["negative"])
            case "**":
                base = self.operand(left, BINDING["atom"])
                return type(self)(f"{{{base}}}^{{{self.operand(right, 0)}}}", BINDING["**"])
            case "*":
                x, y = self.operand(left, BINDING["*"]), self.operand(right, BINDING["*"])
                if y.startswith("-"):
                    y = rf"\left({y}\right)"
                sign = r" \cdot " if y.lstrip("{")[:1].isdigit() else r" \, "
                return type(self)(f"{x}{sign}{y}", BINDING["*"])
        return super().between(symbol, left, right)

    def operand(self, x: object, binding: int) -> str:
        """Write an operand, in parentheses that grow with what they hold."""
        if isinstance(x, Symbol) and x.binding < binding:
            return rf"\left({x.text}\right)"
        return super().operand(x, binding)

    def number(self, x: object) -> str:
        """Write a number in a form of its own, or with a power of ten for an exponent."""
        if isinstance(x, float) and abs(x) in CONSTANTS:
            return "-" * (x < 0) + CONSTANTS[abs(x)]
        mantissa, _, exponent = super().number(x).partition("e")
        if mantissa.lstrip("-") in {"inf", "nan"}:
            return mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
        if not exponent:
            return mantissa
        power = f"10^{{{int(exponent)}}}"
        return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


class Formula:
    """A formula, line by line; made by `formula`.

    Attributes
    ----------
    lines
        Pairs of a name and what it stands for, in the order of computation.
    """

    __slots__ = ("lines",)

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    @property
    def text(self) -> str:
        """The formula as Python expressions; one that is too long for a line stands in parentheses."""
        return "\n".join(
            [
                in_parentheses(f"{name.text} = " if name else "", str(term.written(Symbol)))
                for name, term in self.lines
            ]
        )

    @property
    def latex(self) -> str:
        """The formula in LaTeX, for use in mathematics mode."""
        rows = [row for name, term in self.lines for row in _rows(name.latex if name else "", term)]
        if len(rows) == 1:
            ((name, text),) = rows
            return f"{name} = {text}" if name else text
        body = " \\\\\n".join([f"{name} &= {text}" if name else f"& {text}" for name, text in rows])
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    @property
    def mathml(self) -> str:
        """The formula in MathML: a `math` element, for a page or a file of its own."""
        namespace = "http://www.w3.org/1998/Math/MathML"
        return f'<math xmlns="{namespace}" display="block">{translated(self.latex)}</math>'

    def save(self, path: str | PathLike[str]) -> None:
        """Write the formula to a file: `.tex` for LaTeX, `.html` for MathML, `.txt` for text.

        Raises
        ------
        FormulaError
            If the name ends in anything else.
        """
        forms = {
            ".tex": lambda: f"\\[\n{self.latex}\n\\]\n",
            ".html": lambda: page("Formula", self.mathml),
            ".txt": lambda: f"{self.text}\n",
        }
        save(path, "a formula", forms, FormulaError)

    def _repr_latex_(self) -> str:
        return LatexText(self.latex)._repr_latex_()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Formula: {shortened(self.text.splitlines()[-1], 60)}>"


def formula(output: Value, wrt: Value | None = None) -> Formula:
    r"""Write the formula of a Value as it was computed, or that of its derivative.

    Labels are the names. Where nothing is lost for a reader, it is simplified: a
    factor of 1, a 0 that is added, a sign that stands twice. A labelled intermediate
    result has a line of its own, and so has one that would make a line too long or that
    is used more than once.

    Parameters
    ----------
    output
        The Value to write.
    wrt
        If given, write the derivative of `output` by this Value.

    Raises
    ------
    OperandError
        If `output` or `wrt` is not a Value.
    FormulaError
        If there are more than 2,000 Values, or `output` does not depend on `wrt`.

    Examples
    --------
    >>> x, y = Value(2.0, label="x"), Value(-3.0, label="y")
    >>> z = (x * y).tanh() + x**2
    >>> print(formula(z))
    tanh(x * y) + x ** 2
    >>> print(formula(z, wrt=x))
    (1 - tanh(x * y) ** 2) * y + 2 * x
    >>> print(formula(z).latex)
    \tanh\left(x \, y\right) + {x}^{2}
    """
    for value in (output, wrt):
        if value is not None and not isinstance(value, Value):
            raise OperandError(f"a formula is written of Values, not of {value!r} ({type(value).__name__})")
    interior, leaves = topological_order(output)
    nodes = [*leaves, *interior]
    if len(nodes) > LIMIT:
        raise FormulaError(
            f"{len(nodes):,} values are too many for one formula, which holds {LIMIT:,}; "
            "write that of an intermediate result",
        )
    named = {node: Name(name, latex_name(name)) for node, name in names(nodes, LONGEST_NAME).items()}
    terms = {leaf: Term(named[leaf]) for leaf in leaves}
    lines = _forward(output, interior, named, terms, results=wrt is not None)
    if wrt is None:
        return Formula(lines)
    if wrt not in terms:
        raise FormulaError(f"{output!r} does not depend on {wrt!r}; the derivative is 0")
    derivative = _backward(output, wrt, interior, named, terms, lines)
    z, x = named[output], named[wrt]
    labelled = label_of(output) and label_of(wrt)
    name = Name(f"d{z.text}/d{x.text}", fraction(z, x)) if labelled else None
    return Formula([*_needed(lines, derivative), (name, derivative)])


class LatexText(str):
    """LaTeX, which a notebook shows as mathematics."""

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self}$"


class MathmlText(str):
    """MathML, which a notebook shows as mathematics."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def latex(output: Value, wrt: Value | None = None) -> LatexText:
    r"""Write the formula of a Value, or of its derivative, in LaTeX; see `formula`.

    Examples
    --------
    >>> x = Value(2.0, label="x")
    >>> print(latex(x.sqrt() / 3))
    \frac{\sqrt{x}}{3}
    """
    return LatexText(formula(output, wrt).latex)


def mathml(output: Value, wrt: Value | None = None) -> MathmlText:
    """Write the formula of a Value, or of its derivative, in MathML; see `formula`.

    Examples
    --------
    >>> x = Value(2.0, label="x")
    >>> print(mathml(x * 3))
    <math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mi>x</mi><mo>⋅</mo><mn>3</mn></math>
    """
    return MathmlText(formula(output, wrt).mathml)


def _forward(
    output: Value,
    interior: list[Value],
    named: dict[Value, Name],
    terms: dict[Value, Term],
    *,
    results: bool,
) -> list[Line]:
    """Give every Value its term, and list the lines of those that have a name.

    Where `results` are needed by name, as in the partials of `max`, operations of many operands
    that have no sign of their own get one.
    """
    uses = Counter(parent for node in interior for parent in node.parents)
    lines: list[Line] = []
    for node in interior:
        term = applied(row_of(node), [terms[x] if isinstance(x, Value) else x for x in node.operands])
        repeated = uses[node] > 1 and term.size > 1
        wanted = results and isinstance(term.head, Primitive) and term.head.variadic
        if label_of(node) or term.size > LONGEST or repeated or wanted:
            lines.append((named[node], term))
            term = Term(named[node])
        elif node is output:
            lines.append((None, term))
        terms[node] = term
    return lines or [(None, terms[output])]


def _backward(  # noqa: PLR0917 - what formula() knows, and once only
    output: Value,
    wrt: Value,
    interior: list[Value],
    named: dict[Value, Name],
    terms: dict[Value, Term],
    lines: list[Line],
) -> Term:
    """Return the derivative by the chain rule in terms; lines are added for what is long in it."""
    taken = {name.text for name in named.values()}
    fresh = (Name(f"t{i}", f"t_{{{i}}}") for i in count(1) if f"t{i}" not in taken)
    short: dict[Term, Term] = {}

    def shortened_by_name(term: Term) -> Term:
        if term.size > LONGEST and term not in short:
            name = next(fresh)
            lines.append((name, term))
            short[term] = Term(name)
        return short.get(term, term)

    depends = {wrt}
    depends.update(node for node in interior if not depends.isdisjoint(node.parents))
    shares = defaultdict(list, {output: [Term(1.0)]})
    for node in reversed(interior):
        if node not in depends or node is wrt:
            continue
        adjoint = _sum(shares[node])
        if adjoint.size > LONGEST or (adjoint.size > 1 and len(depends.intersection(node.parents)) > 1):
            z, x = named[output], named[node]
            name = Name(f"d{z.text}_d{x.text}", fraction(z, x))
            lines.append((name, adjoint))
            adjoint = Term(name)
        row = row_of(node)
        operands = [terms[x] if isinstance(x, Value) else x for x in node.operands]
        for x, partial in zip(node.operands, partials_in_terms(row, terms[node], operands), strict=True):
            if x in depends:
                if isinstance(partial, Term):  # such as a sum that partials have in common
                    partial = Term(partial.head, tuple(map(shortened_by_name, partial.operands)))  # noqa: PLW2901
                shares[x].append(adjoint * partial)
    return _sum(shares[wrt])


def _sum(shares: list[Term]) -> Term:
    """Add up what has arrived, the last first: that is the order in which a reader met the operations."""
    signs = {"": operator.add, "+": operator.add, "-": operator.sub}
    last, *others = reversed(shares)
    for share in others:  # a sum without its parentheses
        for sign, summand in share.summands():
            last = signs[sign](last, summand)
    return last


def _needed(lines: list[Line], term: Term) -> list[Line]:
    """Return the lines that a term refers to, by way of other lines too."""
    wanted = _names_in(term)
    kept = []
    for name, written in reversed(lines):
        if name in wanted:
            kept.append((name, written))
            wanted |= _names_in(written)
    return kept[::-1]


def _names_in(term: Term) -> set[Name | None]:
    found: set[Name | None] = set()
    waiting = [term]
    while waiting:
        here = waiting.pop()
        if isinstance(here.head, Name):
            found.add(here.head)
        waiting.extend(here.operands)
    return found


# Names in LaTeX ----------------------------------------------------------------------------------

GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda"),
        *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
    ),
)
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SPECIAL = {character: rf"\{character}" for character in "&%$#_{}"}
SPECIAL |= {"~": r"\sim{}", "^": r"\hat{}", "\\": r"\backslash{}", " ": r"\ "}
SPECIAL |= {"<": "{<}", ">": "{>}"}  # no relations; and no tags, wherever a page shows the source


def latex_name(name: str) -> str:
    r"""Write a name in LaTeX: a letter, a Greek letter, each with a number, or words.

    Examples
    --------
    >>> [latex_name(name) for name in ("x", "x1", "w₂", "theta_3", "loss", "a_b")]
    ['x', 'x_{1}', 'w_{2}', '\\theta_{3}', '\\mathrm{loss}', '\\mathrm{a\\_b}']
    """
    base, index = re.fullmatch(r"(.*?)_?(\d*)", name.translate(SUBSCRIPTS), re.DOTALL).groups()  # type: ignore[union-attr]
    if base in GREEK:
        letter = f"\\{base}"
    elif re.fullmatch("[A-Za-z]", base):
        letter = base
    else:
        return rf"\mathrm{{{_escaped(shortened(name, LONGEST_NAME))}}}"
    return f"{letter}_{{{index}}}" if index else letter


def _escaped(text: str) -> str:
    return "".join([SPECIAL.get(character, character) for character in printable(text)])


def _rows(name: str, term: Term) -> Iterator[tuple[str, str]]:
    """Write a line of a formula in LaTeX, with a row for each part of a long sum."""
    rows, size = [""], 0
    for sign, summand in term.summands():
        written = summand.written(Latex)
        size += summand.size
        if sign and size > LONGEST:
            rows.append(r"\quad {}")
            size = summand.size
        rows[-1] += f" {sign} {written.operand(written, BINDING['*'])}" if sign else str(written)
    yield name, rows[0]
    for row in rows[1:]:
        yield "", row


def fraction(z: Name, x: Name) -> str:
    """Write the name of a derivative."""
    return rf"\frac{{\partial {z.latex}}}{{\partial {x.latex}}}"
