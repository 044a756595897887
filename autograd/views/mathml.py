r"""From LaTeX to MathML, which browsers show without any help.

Room: views. It reads the part of LaTeX in which the table and the views write, and no more,
so that how an operation looks is said once, in its row. What it does not know it shows as it
stands, in MathML's own element for errors: nothing is left out, and nothing raises.

>>> print(mathml(r"\frac{x}{2}"))
<mfrac><mrow><mi>x</mi></mrow><mrow><mn>2</mn></mrow></mfrac>
"""

from __future__ import annotations

import re

from autograd.views.words import escaped, printable

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)

FUNCTIONS = re.compile(r"\\((sin|cos|tan)h?|arc(sin|cos|tan)|exp|ln|log|max|min)")
LETTERS = {r"\infty": "∞", r"\partial": "∂"}
SIGNS = {r"\cdot": "⋅", "-": "−", "+": "+", "=": "=", "<": "&lt;", ">": "&gt;", ",": ",", "(": "(", ")": ")"}
FENCES = {**{fence: fence for fence in "()[]|"}, r"\lVert": "‖", r"\rVert": "‖", r"\{": "{", ".": ""}
BEFORE_A_SIGN = {f"<mo>{sign}</mo>" for sign in ("=", "&lt;", "&gt;", ",")}
SPACES = {r"\,": "0.17em", r"\ ": "0.33em", r"\quad": "1em"}
ACCENTS = {r"\dot": "˙", r"\bar": "¯"}
CHARACTERS = {r"\sim": "~", r"\hat": "^", r"\backslash": "\\"}
"""Commands that stand for a character in a name."""

CELL = '<mtd style="padding:.3em .2em;text-align:{0};text-align:-webkit-{0}">{1}</mtd>'
"""A cell of a table: Chromium heeds only the second way to say where its contents stand."""

TALL = ("<mfrac>", "<msqrt>", "<mtable")
"""What parentheses grow for; others stay as they are, since those that may grow keep their distance."""


def mathml(latex: str) -> str:
    r"""Translate what stands in LaTeX's mathematics mode.

    Examples
    --------
    >>> print(mathml(r"{x}^{2} - w_{1}"))
    <msup><mrow><mi>x</mi></mrow><mrow><mn>2</mn></mrow></msup><mo>−</mo><msub><mi>w</mi><mrow><mn>1</mn></mrow></msub>
    >>> print(mathml(r"\unheard"))
    <merror><mtext>\unheard</mtext></merror>
    """
    return "".join(Reader(latex).items())


class Reader:
    """Reads tokens from left to right, and writes an element for each item that they form.

    Parameters
    ----------
    latex
        The text to read.
    """

    def __init__(self, latex: str) -> None:
        self.tokens = TOKEN.findall(printable(latex))[::-1]  # the next one last
        self.end = ""  # the token that ended the items read last; none at the end of the text

    def take(self) -> str:
        """Take the next token; there is an empty one after the last."""
        return self.tokens.pop() if self.tokens else ""

    def items(self, *ends: str) -> list[str]:
        """Write the items up to one of the tokens `ends`, which is taken too."""
        found: list[str] = []
        while (part := self.take()) and part not in ends:
            if part in {"^", "_"}:
                kind = "msup" if part == "^" else "msub"
                base = found.pop() if found else "<mrow></mrow>"
                found.append(f"<{kind}>{base}{self.group()}</{kind}>")
            elif part == "-" and (not found or found[-1] in BEFORE_A_SIGN):
                found.append(f'<mo form="prefix">{SIGNS["-"]}</mo>')
            elif not part.isspace():
                found.append(self.item(part))
        self.end = part
        return found

    def group(self) -> str:
        """Write the next item, or what stands in braces."""
        part = self.take()
        return self.item(self.take() if part.isspace() else part)

    def item(self, part: str) -> str:  # noqa: C901, PLR0911, PLR0912 - a list of kinds
        """Write the item that begins with a token."""
        match part:
            case "{":
                return f"<mrow>{''.join(self.items('}'))}</mrow>"
            case r"\frac":
                return f"<mfrac>{self.group()}{self.group()}</mfrac>"
            case r"\sqrt":
                return f"<msqrt>{self.group()}</msqrt>"
            case r"\left":
                left, inner, right = self.take(), "".join(self.items(r"\right")), self.take()
                grows = "" if any(part in inner for part in TALL) else ' stretchy="false"'
                fences = [
                    f"<mo{grows}>{FENCES[fence]}</mo>" if fence in FENCES else unknown(fence)
                    for fence in (left, right)
                ]
                return f"<mrow>{fences[0]}<mrow>{inner}</mrow>{fences[1]}</mrow>"
            case r"\begin":
                return self.table()
            case r"\mathrm" | r"\text":
                return f'<mi mathvariant="normal">{escaped(self.name())}</mi>'
            case r"\operatorname":
                return self.function(self.name())
        if FUNCTIONS.fullmatch(part):
            return self.function(part[1:])
        if part in ACCENTS:
            return f'<mover accent="true">{self.group()}<mo>{ACCENTS[part]}</mo></mover>'
        if part in SPACES:
            return f'<mspace width="{SPACES[part]}"></mspace>'
        if part in SIGNS:
            return f"<mo>{SIGNS[part]}</mo>"
        if part[:1].isdigit():
            return f"<mn>{part}</mn>"
        letter = LETTERS.get(part) or greek(part) or (part if part.isalpha() else "")
        if letter:
            return f"<mi>{letter}</mi>"
        return unknown(part)

    def function(self, name: str) -> str:
        """Write a function's name, and the invisible sign between it and its operands."""
        applied = "<mo>\N{FUNCTION APPLICATION}</mo>" if self.tokens[-1:] == [r"\left"] else ""
        return f"<mi>{escaped(name)}</mi>{applied}"

    def name(self) -> str:
        """Take a name in braces, and undo what its special characters need in LaTeX."""
        self.take()
        found, depth = [], 1
        while part := self.take():
            depth += (part == "{") - (part == "}")
            if depth == 0:
                break
            if part not in {"{", "}"}:
                found.append(CHARACTERS.get(part, part.removeprefix("\\")))
        return "".join(found)

    def table(self) -> str:
        r"""Write an environment as a table: cells end with `&`, rows with `\\`."""
        kind = self.name()
        left, right = ("right", "left") if kind == "aligned" else ("left", "left")
        rows: list[list[str]] = [[]]
        while True:
            align = right if rows[-1] else left
            rows[-1].append(CELL.format(align, "".join(self.items("&", r"\\", r"\end"))))
            if self.end == r"\\":
                rows.append([])
                if self.tokens[-1:] == ["["]:  # a space between rows, as in \\[1ex]
                    while self.take() not in {"]", ""}:
                        pass
            elif self.end != "&":
                self.name()
                break
        body = "".join([f"<mtr>{''.join(row)}</mtr>" for row in rows])
        table = f'<mtable displaystyle="true">{body}</mtable>'
        return f"<mrow><mo>{{</mo>{table}</mrow>" if kind == "cases" else table


def unknown(part: str) -> str:
    """Show what is not known as an error, and as it stands."""
    return f"<merror><mtext>{escaped(part)}</mtext></merror>"


def greek(command: str) -> str:
    r"""Return the letter that a command such as `\alpha` stands for, or nothing.

    Examples
    --------
    >>> greek(r"\lambda"), greek(r"\Omega"), greek(r"\frac")
    ('λ', 'Ω', '')
    """
    import unicodedata

    name = command.removeprefix("\\")
    size = "CAPITAL" if name.istitle() else "SMALL"
    name = "LAMDA" if name.lower() == "lambda" else name.upper()  # as Unicode spells it
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name}")
    except KeyError:
        return ""
