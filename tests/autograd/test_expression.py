"""Expressions are read as Python reads them, never run, and refused with a place and a remedy."""

from __future__ import annotations

import math
import pickle
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, strategies as st

import autograd
from autograd import TABLE, DomainError, OperandError, Value, primitive
from autograd.expression import INSTEAD, LIMIT, ExpressionError, parse

if TYPE_CHECKING:
    from pathlib import Path

# Reading -----------------------------------------------------------------------------------------

NAMES = ("x", "y", "w_1", "θ", "日本", "pi")
SMOOTH = ("tanh", "sin", "cos", "sigmoid", "softplus", "relu", "abs", "exp")

atoms = st.one_of(
    st.sampled_from(NAMES),
    st.integers(0, 99).map(str),
    st.floats(0.01, 100).map(repr),
)
texts = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", " - ", "*", " / ", "**"]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        inner.map("+ {}".format),
        st.builds("{}( {} )".format, st.sampled_from(SMOOTH), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["max", "sum", "mean"]), inner, inner),
    ),
    max_leaves=12,
)


def by_python(text: str, names: dict[str, Any]) -> Any:
    """Let Python evaluate the text, with every number a Value, so that the rules are the table's."""
    wrapped = re.sub(r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)", r"Value(\1)", text)
    functions = {name: getattr(autograd, name) for name in TABLE if name[0] != "_"}
    return eval(wrapped, {"Value": Value, **functions, **names})  # noqa: S307 - text that the test made


@given(text=texts, numbers=st.tuples(*[st.floats(-3, 3)] * len(NAMES)))
def test_an_expression_means_what_it_means_in_python(text: str, numbers: tuple[float, ...]) -> None:
    names = dict(zip(NAMES, map(Value, numbers), strict=True))
    try:
        expected = by_python(text, names)
    except DomainError:
        assume(False)  # noqa: FBT003 - hypothesis has it so
    expression = parse(text)
    values = {name: names[name] for name in NAMES if name in re.findall(r"\w+", text)}
    found = expression.evaluate(values)
    data = found.data if isinstance(found, Value) else found
    assert repr(data) == repr(expected.data)  # the same bits, nan and -0.0 included
    assert set(expression.names) == set(values) - {"pi"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2**2", -4),
        ("(-2)**2", 4),
        ("2**-1", 0.5),
        ("-2**-2", -0.25),
        ("2**3**2", 512),
        ("--3", 3),
        ("+-+3", -3),
        ("2 - 3 - 4", -5),
        ("8/4/2", 1),
        ("2*-3", -6),
        ("1 + 2*3**2", 19),
        ("1e3", 1000),
        ("1_000 + .5 + 5.", 1005.5),
        ("2e-3*1E+3", 2),
        ("2*pi", math.tau),
        ("e", math.e),
        ("\n ( 1\n+ 1 )\t", 2),
        ("1\u00a0+ 1", 2),
        ("max(1, 3, 2) + min(4, 5)", 7),
        ("sum(1)", 1),
        ("dot(1, 2, 3, 4)", 11),
        ("9007199254740993.", 2**53),
    ],
)
def test_numbers_constants_and_precedence(text: str, expected: float) -> None:
    found = parse(text)()
    assert type(found) is float
    assert found == expected


def test_every_public_primitive_can_be_called_and_no_other() -> None:
    for name, row in TABLE.items():
        number = 1.5 if name.startswith(("acosh", "_acosh")) else 0.5
        numbers = [number] * (3 if row.variadic else len(row.partials))
        operands = ", ".join(map(str, numbers))
        if name.startswith("_"):
            with pytest.raises(ExpressionError, match=f"unknown function '{name}'"):
                parse(f"{name}({operands})")
        else:
            assert parse(f"{name}({operands})")() == row(*numbers)


def test_a_primitive_that_a_user_adds_can_be_called() -> None:
    primitive("cube", lambda x: x * x * x, (lambda z, x: 3 * x * x,))
    assert parse("cube(x)")(x=2) == 8


def test_names_come_in_order_of_appearance_once_and_without_constants() -> None:
    assert parse("b*a + e**b - sin(c*pi)/a").names == ("b", "a", "c")


def test_constants_give_way_to_variables() -> None:
    expression = parse("e*x + pi")
    assert expression(x=1) == math.e + math.pi
    assert expression(x=1, e=2, pi=3) == 5


def test_names_are_those_of_python_which_normalises_them() -> None:
    assert parse("𝛼 * e\u0301").names == ("α", "é")  # noqa: RUF100, PLE2510 - a letter and its accent


def test_a_variable_may_be_called_self_or_values() -> None:
    assert parse("self + values + text")(self=1, values=2, text=3) == 6


def test_anything_that_takes_primitives_can_be_evaluated() -> None:
    x = Value(2.0)
    assert parse("x")(x=x) is x
    assert parse("+x")(x=x) is x
    (slope,) = autograd.gradients(parse("x**3")(x=x), [x], create_graph=True)
    assert autograd.gradients(slope, [x]) == [12.0]


def test_a_constant_operand_is_not_differentiated() -> None:
    x = Value(-3.0)
    parse("x**-2")(x=x).backward()  # log(-3) for the exponent would raise
    assert x.grad == pytest.approx(2 / 27)


def test_evaluation_says_what_is_missing_or_too_much() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("2*tt + u + tt")()
    assert str(caught.value) == (
        "no value for 'tt', 'u' at column 3\n    2*tt + u + tt\n      ^^\n"
        "give every variable a value, as in tt=2"
    )
    assert (caught.value.text, caught.value.column) == ("2*tt + u + tt", 3)
    with pytest.raises(ExpressionError, match=r"^'u' is no variable of 'x \+ y'\nits variables are x, y$"):
        parse("x + y")(x=1, y=2, u=3)
    with pytest.raises(ExpressionError, match="'e' is no variable of '1'\nit has none"):
        parse("1")(e=3)
    with pytest.raises(OperandError, match=r"float\('2'\)"):
        parse("x")(x="2")


def test_a_domain_error_shows_the_part_that_is_not_defined() -> None:
    with pytest.raises(DomainError) as caught:
        parse("1 + log(x - 2)")(x=Value(1.0))
    assert caught.value.__notes__ == [
        "where x is the operand of the marked part:\n    1 + log(x - 2)\n        ^^^^^^^^^^"
    ]


def test_an_expression_shows_how_to_make_it() -> None:
    assert repr(parse(" x\n+ 1 ")) == "parse('x + 1')"


# Refusing ----------------------------------------------------------------------------------------

PLACE = "has no place in an expression"

WRONG = [
    # other notations
    ("x^2", 2, r"write \*\* for a power"),
    ("x²", 2, r"write \*\*2"),
    ("x³ + 1", 2, r"write \*\*3"),
    ("√x", 1, "write sqrt"),
    ("x·y", 2, r"write \* for a product"),
    ("x×y", 2, r"write \* for a product"),
    ("x÷y", 2, "write / for"),
    ("2 − x", 3, "hyphen"),
    ("2x", 1, r"no operator between '2' and 'x' .*\n.*\n.*\nfor a product write 2 \* x"),
    ("1 + 2 x", 5, r"write 2 \* x"),
    ("2(x+1)", 1, r"no operator between '2' and '\('"),
    ("(x+1)(x-1)", 5, r"no operator between '\)' and '\('"),
    ("(x)y", 3, r"write \) \* y"),
    ("x y", 1, r"write x \* y"),
    ("max(x y)", 5, r"write x \* y"),
    ("x(y+1)", 1, r"unknown function 'x' at column 1(.*\n)*for a product write x \* \(\.\.\.\)"),
    ("2 * sen(x)", 5, "did you mean 'sin'?"),
    ("Tanh(x)", 1, "did you mean 'tanh'?"),
    ("ln(x)", 1, "the natural logarithm"),
    ("x + sec(x)", 5, r"write 1 / cos\(x\)"),
    ("frobnicate(x)", 1, "the functions are add, sub"),
    ("sin + 1", 1, r"'sin' at column 1 is a function(.*\n)*call it: sin\(\.\.\.\)"),
    ("sin sin(x)", 1, "no operator"),
    # operands
    ("log(x, y)", 1, "'log' with 2 operands at column 1(.*\n)*it takes 1"),
    ("pow(x)", 1, "'pow' with 1 operand at column 1(.*\n)*it takes 2"),
    ("1 + sum()", 5, "'sum' with no operands(.*\n)*it takes 1 or more"),
    ("sum(*x)", 5, f"a starred operand at column 5 {PLACE}"),
    ("sum(**x)", 1, f"a starred operand at column 1 {PLACE}"),
    ("max(x, key=y)", 11, f"an assignment or keyword at column 11 {PLACE}"),
    # numbers
    ("1e999*x", 1, "a number at column 1 is too large for a float"),
    ("x + " + "1" * 5000, 5, "too large for a float"),
    ("x*9007199254740993", 3, "an integer at column 3 is not exact(.*\n)*.* nearest is 9007199254740992"),
    ("2,5*x", 1, f"a comma at column 1 {PLACE}"),
    ("()", 1, f"a comma at column 1 {PLACE}"),
    ("007", 1, "'007' at column 1 has no place there"),
    ("1.2.3", 1, "no operator"),
    ("2j", 1, r"write 2 \* j"),
    ("0x1F", 1, "no operator"),
    # the rest of Python
    ("x < 3", 3, f"a comparison at column 3 {PLACE}"),
    ("x == 3", 3, "a comparison"),
    ("x in y", 3, "a comparison"),
    ("x and y", 3, "a logical operation"),
    ("not x", 1, "a logical operation"),
    ("x if y else z", 3, "a condition"),
    ("x.real", 2, "an attribute"),
    ("sin(x).__class__", 7, "an attribute"),
    ("x[0]", 2, "a subscript or list"),
    ("[x, y]", 1, "a subscript or list"),
    ("{x}", 1, "a set or dictionary"),
    ("lambda: x", 1, "a lambda"),
    ("(lambda: 0)()", 2, "a lambda"),
    ("sum(x for x in y)", 7, "a loop"),
    ("x := 2", 3, "an assignment"),
    ("x = 2", 3, "an assignment"),
    ("'x'", 1, "a string"),
    ('x + "', 5, "a string"),
    ("f'{x}'", 2, "a string"),
    ("x # y", 3, "a comment"),
    ("x % 2", 3, "'%'"),
    ("x // 2", 3, "'//'"),
    ("x @ y", 3, "'@'"),
    ("~x", 1, "a logical operation"),
    ("True", 1, "'True'"),
    ("None", 1, "'None'"),
    ("...", 1, "an attribute"),
    ("await x", 1, "'await'"),
    ("import os", 1, "'import'"),
    ("x; y", 2, "';'"),
    ("x\\", 2, r"'\\\\'"),
    ("x\x00y", 2, r"'\\x00'"),
    ("x\udcff", 1, PLACE),
    ("x\u200by", 1, PLACE),
    ("__import__('os').system('touch harm')", 12, "a string"),
    ("__import__(os)", 1, "unknown function '__import__'"),
    ("eval(x)", 1, "unknown function 'eval'"),
    # structure
    ("(x", 1, r"'\(' at column 1 is never closed"),
    ("2*(x + (y)", 3, "is never closed"),
    ("x)", 2, r"'\)' at column 2 has no place there"),
    ("(x]", 3, "a subscript or list"),
    ("x +", 4, "an operand is missing at column 4(.*\n)*the expression ends there"),
    ("x + * y", 5, r"'\*' at column 5 has no place there"),
    ("*x", 1, r"'\*' at column 1 has no place there"),
    ("sum(, x)", 5, "',' at column 5 has no place there"),
    ("(x + )", 6, r"'\)' at column 6 has no place there"),
    # places in letters that take more than a byte, or two cells
    ("α*β*bet(γ)", 5, "unknown function 'bet'"),
    ("日本 + sen(x)", 6, "\n           \\^\\^\\^\n"),
]


@pytest.mark.parametrize(("text", "column", "message"), WRONG, ids=lambda part: repr(part)[:30])
def test_what_is_no_expression_is_refused_with_its_place_and_a_remedy(
    text: str, column: int, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert re.search(message, str(error))
    assert (error.text, error.column) == (text, column)
    assert max(map(len, str(error).splitlines())) <= 80
    assert isinstance(error, ValueError)
    assert error.__cause__ is None
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_is_no_expression(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"is empty\nwrite one"):
        parse(text)


def test_a_long_text_is_shown_in_part() -> None:
    text = "x + " * 50 + "sen(x)" + " + x" * 50
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    _, shown, marks, _ = str(caught.value).splitlines()
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "sen"
    assert shown.strip()[0] == shown[-1] == "…"
    assert len(shown) <= 80


def test_a_picture_holds_nothing_that_a_terminal_would_obey() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("x + \x1b[2J")
    assert str(caught.value).replace("\n", "").isprintable()


def test_remedies_for_missing_functions_are_not_in_the_table() -> None:
    assert not TABLE.keys() & INSTEAD.keys()
    for name, remedy in INSTEAD.items():
        if name.isidentifier():
            parse(remedy.removeprefix("write ").partition(",")[0])


@given(st.text(st.sampled_from("xye2.5 +-*/(),^=<'[\\\n²αsinlog日"), max_size=20) | st.text(max_size=20))
def test_any_text_is_read_or_refused_in_our_words(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert 1 <= error.column <= len(text) + 1  # noqa: PT017 - either is right


# Size and safety ---------------------------------------------------------------------------------


def test_a_sum_of_many_terms_does_not_recurse() -> None:
    x = Value(2.0)
    parse(f"sum({', '.join(['x'] * 10_000)})")(x=x).backward()
    assert x.grad == 10_000
    limit = sys.getrecursionlimit()
    assert parse("+".join(["x"] * (2 * limit)))(x=1) == 2 * limit


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "x" + ")" * 300,
        "(" * 49_000 + "x" + ")" * 49_000,
        "-" * 99_000 + "x",
        "x" + "**x" * 30_000,
        "sin(" * 3_000 + "x" + ")" * 3_000,
    ],
)
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"nested too deeply.*\na long sum can be written sum\("):
        parse(text)


def test_ten_thousand_operators_in_a_row_are_computed_or_refused_clearly() -> None:
    try:
        assert parse("+".join(["x"] * 10_000))(x=1) == 10_000
    except ExpressionError as error:  # Python's parser has its own bounds
        assert "too many operations in a row" in str(error)  # noqa: PT017 - either is right


def test_a_text_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(ExpressionError, match=r"100,001 characters\nthe most is 100,000"):
        parse("x" * (LIMIT + 1))


def test_nothing_is_ever_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for builtin in ("eval", "exec"):
        monkeypatch.setattr(f"builtins.{builtin}", lambda *_: pytest.fail("text was executed"))
    for text in ("__import__('os').system('touch harm')", "open('harm', 'w')", "open(harm)", "exec(x)"):
        with pytest.raises(ExpressionError):
            parse(text)
    assert parse("tanh(x)")(x=0) == 0
    assert not list(tmp_path.iterdir())
