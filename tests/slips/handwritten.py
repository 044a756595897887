"""Slips that people make in courses and forums, written down one by one as they would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd.expression import parse
from tests.slips.cases import Case, explanations
from tests.slips.forms import Given, rounded
from tests.slips.problems import Problem, record, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd import Value


class Written(NamedTuple):
    """One wrong derivation.

    `hand` has a formula for each leaf, or a number with six digits where it is one. Without
    `kinds` it is wrong in no way that a single slip explains. `nodes` are those whose adjoint is
    the first to be wrong, written out.
    """

    words: str
    expression: str
    point: dict[str, float]
    hand: dict[str, str]
    kinds: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


SLIPS = (
    # The chain rule
    Written(
        "the inner derivative of a square is forgotten",
        "sin(x**2)",
        {"x": 1.3},
        {"x": "cos(x**2)"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "e to anything is taken to be its own derivative",
        "exp(x**2)",
        {"x": 0.8},
        {"x": "exp(x**2)"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "the power rule is used on e to the x",
        "exp(x**2)",
        {"x": 1.4},
        {"x": "x**2 * exp(x**2 - 1) * 2*x"},
        ("wrong rule",),
        ("x**2",),
    ),
    Written(
        "the factor in a logarithm is taken to stay in the denominator only",
        "log(3*x)",
        {"x": 1.7},
        {"x": "1 / (3*x)"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "both leaves of log(a x) get 1/(a x)",
        "log(a*x)",
        {"a": 2.3, "x": 0.7},
        {"a": "1 / (a*x)", "x": "1 / (a*x)"},
        ("inner derivative",),
        ("a", "x"),
    ),
    Written(
        "the inner derivative of a logarithm is forgotten",
        "log(x**2 + 1)",
        {"x": 1.9},
        {"x": "1 / (x**2 + 1)"},
        ("inner derivative",),
        ("x**2", "x"),
    ),
    Written(
        "one logarithm of two is derived",
        "log(log(x))",
        {"x": 3.2},
        {"x": "1 / log(x)"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "the inner function of a power is forgotten",
        "(2*x + 1)**5",
        {"x": 0.3},
        {"x": "5 * (2*x + 1)**4"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "a square of a cosine is derived as a square only",
        "cos(x)**2",
        {"x": 0.6},
        {"x": "2*cos(x)"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "the inner function of a sine is forgotten",
        "sin(cos(x))",
        {"x": 1.1},
        {"x": "cos(cos(x))"},
        ("inner derivative",),
        ("x",),
    ),
    Written(
        "a root's inner derivative is forgotten",
        "sqrt(1 - x**2)",
        {"x": 0.4},
        {"x": "1 / (2*sqrt(1 - x**2))"},
        ("inner derivative",),
        ("x**2", "x"),
    ),
    Written(
        "tanh' is not multiplied by the derivative of the product",
        "tanh(x*y)",
        {"x": 0.7, "y": -1.2},
        {"x": "1 - tanh(x*y)**2", "y": "1 - tanh(x*y)**2"},
        ("inner derivative",),
        ("x", "y"),
    ),
    Written(
        "log-sum-exp is derived without the normalising sum",
        "log(exp(x) + exp(y))",
        {"x": 0.9, "y": -0.4},
        {"x": "exp(x)", "y": "exp(y)"},
        ("inner derivative",),
        ("exp(x) + exp(y)",),
    ),
    # Products, quotients, powers
    Written(
        "the product rule stops after its first term",
        "x**2 * sin(x)",
        {"x": 1.2},
        {"x": "2*x*sin(x)"},
        ("one term", "path forgotten"),
        ("sin(x)", "x"),
    ),
    Written(
        "the product rule has its second term only",
        "x * exp(2*x)",
        {"x": 0.7},
        {"x": "2*x*exp(2*x)"},
        ("one term", "path forgotten"),
        ("x",),
    ),
    Written(
        "the product rule of three factors stops after two terms",
        "x*sin(x)*exp(x)",
        {"x": 0.9},
        {"x": "sin(x)*exp(x) + x*cos(x)*exp(x)"},
        ("one term", "path forgotten"),
        ("exp(x)", "x"),
    ),
    Written(
        "the divisor is taken for a constant",
        "x / (x + y)",
        {"x": 1.6, "y": 0.9},
        {"x": "1 / (x + y)", "y": "-x / (x + y)**2"},
        ("path forgotten",),
        ("x",),
    ),
    Written(
        "plus in the quotient rule",
        "sin(x) / x",
        {"x": 1.8},
        {"x": "cos(x)/x + sin(x)/x**2"},
        ("sign",),
        ("x",),
    ),
    Written(
        "the quotient rule the wrong way round",
        "sin(x) / x",
        {"x": 2.1},
        {"x": "(sin(x) - x*cos(x)) / x**2"},
        ("sign",),
        ("sin(x)",),
    ),
    Written(
        "the quotient rule without the square",
        "sin(x) / (x**2 + 1)",
        {"x": 0.9},
        {"x": "(cos(x)*(x**2 + 1) - sin(x)*2*x) / (x**2 + 1)"},
        ("wrong rule",),
        ("sin(x)", "x**2 + 1"),
    ),
    Written(
        "the derivative of 1/x without the square",
        "1/x",
        {"x": 2.6},
        {"x": "-1/x"},
        ("wrong rule",),
        ("x",),
    ),
    Written(
        "1/x is integrated instead",
        "3/x",
        {"x": 2.7},
        {"x": "3*log(x)"},
        ("wrong rule",),
        ("x",),
    ),
    Written(
        "the quotient is derived by its divisor upside down",
        "x/y",
        {"x": 1.9, "y": 0.6},
        {"x": "1/y", "y": "-y/x**2"},
        ("swapped operand",),
        ("y",),
    ),
    Written("the exponent is not lowered", "x**3", {"x": 1.7}, {"x": "3*x**3"}, ("power",), ("x",)),
    Written("the exponent is lowered twice", "x**4", {"x": 1.3}, {"x": "4*x**2"}, ("power",), ("x",)),
    Written(
        "the exponent does not come down",
        "(1 + x)**3",
        {"x": 0.6},
        {"x": "(1 + x)**2"},
        ("power", "factor"),
        ("1 + x", "x"),
    ),
    Written(
        "the lowered exponent comes down as the factor",
        "x**5",
        {"x": 1.2},
        {"x": "4*x**4"},
        ("power",),
        ("x",),
    ),
    Written(
        "the half before a square is forgotten",
        "x**2 / 2",
        {"x": 1.45},
        {"x": "2*x"},
        ("factor",),
        ("x**2", "x"),
    ),
    Written(
        "the power rule for the exponent",
        "x**y",
        {"x": 1.8, "y": 2.4},
        {"x": "y*x**(y - 1)", "y": "y*x**(y - 1)"},
        ("wrong rule", "swapped operand"),
        ("y",),
    ),
    Written(
        "the logarithm is missing for the exponent",
        "x**y",
        {"x": 2.2, "y": 1.4},
        {"x": "y*x**(y - 1)", "y": "x**y"},
        ("wrong rule",),
        ("y",),
    ),
    Written(
        "the power rule for two to the x", "2**x", {"x": 1.7}, {"x": "x*2**(x - 1)"}, ("wrong rule",), ("x",)
    ),
    Written(
        "x to the x by the power rule alone",
        "x**x",
        {"x": 1.9},
        {"x": "x*x**(x - 1)"},
        ("one term", "path forgotten"),
        ("x",),
    ),
    # Functions
    Written(
        "the root without its half",
        "sqrt(1 + x**2)",
        {"x": 1.3},
        {"x": "2*x / sqrt(1 + x**2)"},
        ("wrong rule", "factor"),
        ("1 + x**2",),
    ),
    Written(
        "the length of a vector is divided by its square",
        "sqrt(x**2 + y**2)",
        {"x": 1.2, "y": -0.7},
        {"x": "x / (x**2 + y**2)", "y": "y / (x**2 + y**2)"},
        ("wrong rule",),
        ("x**2 + y**2",),
    ),
    Written(
        "the sign of the inner square is lost",
        "sqrt(1 - x**2)",
        {"x": 0.3},
        {"x": "x / sqrt(1 - x**2)"},
        ("sign",),
        ("x**2",),
    ),
    Written("cosine without its minus", "cos(3*x)", {"x": 0.5}, {"x": "3*sin(3*x)"}, ("sign",), ("3*x", "x")),
    Written(
        "the cosine squared without its minus",
        "cos(x)**2",
        {"x": 0.8},
        {"x": "2*cos(x)*sin(x)"},
        ("sign",),
        ("x",),
    ),
    Written(
        "sine stays sine", "x + sin(2*x)", {"x": 0.9}, {"x": "1 + 2*sin(2*x)"}, ("wrong rule",), ("2*x",)
    ),
    Written(
        "the bell curve without its minus",
        "exp(-(x**2)/2)",
        {"x": 0.7},
        {"x": "x*exp(-(x**2)/2)"},
        ("sign",),
        ("x**2",),
    ),
    Written(
        "the logistic function without the minus of its exponent",
        "1 / (1 + exp(-x))",
        {"x": 0.6},
        {"x": "-exp(-x) / (1 + exp(-x))**2"},
        ("sign",),
        ("x",),
    ),
    Written(
        "one over the logarithm in place of one over x",
        "x*log(x)",
        {"x": 2.9},
        {"x": "log(x) + x/log(x)"},
        ("wrong rule", "evaluated at output"),
        ("x",),
    ),
    # Graphs in which something is used twice
    Written(
        "a + a sets the gradient twice, to 1",
        "a + a",
        {"a": 3.0},
        {"a": "1"},
        ("overwritten", "path forgotten"),
        ("a",),
    ),
    Written(
        "both inputs keep the share that came last",
        "d = x*y; s = x + y; d*s",
        {"x": -2.0, "y": 3.5},
        {"x": "s*y", "y": "s*x"},
        ("overwritten",),
        ("x", "y"),
    ),
    Written(
        "the skip connection is forgotten",
        "x + tanh(w*x)",
        {"x": 0.8, "w": -0.6},
        {"x": "(1 - tanh(w*x)**2)*w", "w": "(1 - tanh(w*x)**2)*x"},
        ("path forgotten",),
        ("x",),
    ),
    Written(
        "backpropagation through time stops after one step",
        "h = tanh(w*0.5); tanh(w*h + 0.3)",
        {"w": 1.4},
        {"w": "(1 - tanh(w*h + 0.3)**2)*h"},
        ("path forgotten", "one term"),
        ("w", "h"),
    ),
    Written(
        "the mean that is subtracted is taken for a constant",
        "(x - mean(x, y))**2",
        {"x": 1.9, "y": 0.3},
        {"x": "2*(x - mean(x, y))", "y": "-(x - mean(x, y))"},
        ("path forgotten",),
        ("x",),
    ),
    Written(
        "softmax by its own input without the path through the sum",
        "exp(x) / (exp(x) + exp(y))",
        {"x": 0.4, "y": 1.1},
        {
            "x": "exp(x) / (exp(x) + exp(y))",
            "y": "-exp(x)*exp(y) / (exp(x) + exp(y))**2",
        },
        ("path forgotten",),
        ("x",),
    ),
    # Neurons
    Written(
        "the multiply gate hands each operand itself",
        "(x + y)*w",
        {"x": -2.0, "y": 5.0, "w": -4.0},
        {"x": "x + y", "y": "x + y", "w": "w"},
        ("swapped operand",),
        ("x + y", "w"),
    ),
    Written(
        "weight and input are exchanged",
        "tanh(w*x + b)",
        {"w": 0.7, "x": -1.3, "b": 0.2},
        {"w": "(1 - tanh(w*x + b)**2)*w", "x": "(1 - tanh(w*x + b)**2)*x", "b": "1 - tanh(w*x + b)**2"},
        ("swapped operand",),
        ("w", "x"),
    ),
    Written(
        "the sigmoid is taken for its own derivative",
        "a = w*x + b; sigmoid(a)",
        {"w": 2.0, "x": -1.0, "b": 1.7},
        {"w": "sigmoid(a)*x", "x": "sigmoid(a)*w", "b": "sigmoid(a)"},
        ("wrong rule",),
        ("a",),
    ),
    Written(
        "the derivative of the sigmoid is called on its output",
        "a = w*x + b; sigmoid(a)",
        {"w": 1.2, "x": 0.9, "b": -0.5},
        {
            "w": "sigmoid(sigmoid(a))*(1 - sigmoid(sigmoid(a)))*x",
            "x": "sigmoid(sigmoid(a))*(1 - sigmoid(sigmoid(a)))*w",
            "b": "sigmoid(sigmoid(a))*(1 - sigmoid(sigmoid(a)))",
        },
        ("evaluated at output",),
        ("a",),
    ),
    Written(
        "s (1 - s) is called on the pre-activation",
        "a = w*x + b; sigmoid(a)",
        {"w": 0.8, "x": 1.5, "b": 0.4},
        {"w": "a*(1 - a)*x", "x": "a*(1 - a)*w", "b": "a*(1 - a)"},
        ("evaluated at output",),
        ("a",),
    ),
    Written(
        "1 - o² is called on the pre-activation",
        "a = w*x + b; tanh(a)",
        {"w": 0.5, "x": 0.6, "b": 0.3},
        {"w": "(1 - a**2)*x", "x": "(1 - a**2)*w", "b": "1 - a**2"},
        ("evaluated at output",),
        ("a",),
    ),
    Written(
        "tanh' without its square",
        "a = w*x + b; tanh(a)",
        {"w": 0.9, "x": 1.1, "b": -0.3},
        {"w": "(1 - tanh(a))*x", "x": "(1 - tanh(a))*w", "b": "1 - tanh(a)"},
        ("wrong rule",),
        ("a",),
    ),
    Written(
        "the activation is skipped on the way back",
        "tanh(w*x + b)",
        {"w": 0.9, "x": 1.4, "b": 0.2},
        {"w": "x", "x": "w", "b": "1"},
        ("inner derivative",),
        ("w*x + b",),
    ),
    Written(
        "relu' is taken for relu",
        "relu(w*x + b)",
        {"w": 1.3, "x": 1.1, "b": 0.8},
        {"w": "(w*x + b)*x", "x": "(w*x + b)*w", "b": "w*x + b"},
        ("wrong rule",),
        ("w*x + b",),
    ),
    Written(
        "the gradient goes through a relu that is off",
        "relu(w*x + b)",
        {"w": -1.3, "x": 1.1, "b": 0.4},
        {"w": "x", "x": "w", "b": "1"},
        ("inner derivative",),
        ("w*x + b",),
    ),
    Written(
        "the max gate lets the gradient through to both",
        "3*max(x, y)",
        {"x": 1.7, "y": 0.4},
        {"x": "3", "y": "3"},
        ("wrong rule", "inner derivative"),
        ("y",),
    ),
    # Losses
    Written(
        "the squared error without its 2",
        "(w*x + b - 0.7)**2",
        {"w": 0.6, "x": 1.9, "b": 0.5},
        {"w": "(w*x + b - 0.7)*x", "x": "(w*x + b - 0.7)*w", "b": "w*x + b - 0.7"},
        ("power", "factor"),
        ("w*x + b - 0.7",),
    ),
    Written(
        "target minus output without the minus",
        "(0.8 - w*x)**2",
        {"w": 0.9, "x": -1.4},
        {"w": "2*(0.8 - w*x)*x", "x": "2*(0.8 - w*x)*w"},
        ("sign",),
        ("w*x",),
    ),
    Written(
        "the mean over the batch is forgotten",
        "mean((w*1.5 - 0.2)**2, (w*0.7 - 0.9)**2, (w*0.4 + 0.3)**2)",
        {"w": 0.65},
        {"w": "2*(w*1.5 - 0.2)*1.5 + 2*(w*0.7 - 0.9)*0.7 + 2*(w*0.4 + 0.3)*0.4"},
        ("mean", "factor"),
        ("(w*1.5 - 0.2)**2", "(w*0.7 - 0.9)**2", "(w*0.4 + 0.3)**2"),
    ),
    Written(
        "the bias gets the mean over the batch where the loss has the sum",
        "(w + b - 1)**2 + (2*w + b - 0.5)**2",
        {"w": 0.8, "b": 0.35},
        {"w": "2*(w + b - 1) + 4*(2*w + b - 0.5)", "b": "(w + b - 1) + (2*w + b - 0.5)"},
        ("factor",),
        ("b",),
    ),
    Written(
        "the gradient of the weight decay is forgotten",
        "(w*1.5 - 1)**2 + 0.1*w**2",
        {"w": 1.2},
        {"w": "2*(w*1.5 - 1)*1.5"},
        ("path forgotten",),
        ("w",),
    ),
    Written(
        "the weight decay without its 2",
        "(w*1.5 - 1)**2 + 0.1*w**2",
        {"w": 1.7},
        {"w": "2*(w*1.5 - 1)*1.5 + 0.1*w"},
        ("factor", "power"),
        ("w",),
    ),
    Written(
        "softmax cross entropy: p in place of p - y",
        "logsumexp(x, y, w) - x",
        {"x": 0.7, "y": -0.2, "w": 1.4},
        {
            "x": "exp(x) / (exp(x) + exp(y) + exp(w))",
            "y": "exp(y) / (exp(x) + exp(y) + exp(w))",
            "w": "exp(w) / (exp(x) + exp(y) + exp(w))",
        },
        ("path forgotten",),
        ("x",),
    ),
    Written(
        "softmax cross entropy: y - p in place of p - y",
        "logsumexp(x, y) - x",
        {"x": 0.3, "y": 1.2},
        {"x": "1 - exp(x) / (exp(x) + exp(y))", "y": "-exp(y) / (exp(x) + exp(y))"},
        ("sign",),
        ("logsumexp(x, y)",),
    ),
    Written(
        "cross entropy without the derivative of the sigmoid",
        "-log(sigmoid(w*x))",
        {"w": 0.8, "x": 1.3},
        {"w": "-1/sigmoid(w*x) * x", "x": "-1/sigmoid(w*x) * w"},
        ("inner derivative",),
        ("w*x",),
    ),
    Written(
        "binary cross entropy: the minus of 1 - p is forgotten",
        "p = sigmoid(x); -(0.3*log(p) + 0.7*log(1 - p))",
        {"x": 0.9},
        {"x": "-(0.3/p + 0.7/(1 - p)) * p*(1 - p)"},
        ("sign",),
        ("p",),
    ),
    Written(
        "hinge loss: the minus before the score is forgotten",
        "relu(1 - w*x)",
        {"w": 0.4, "x": -1.3},
        {"w": "x", "x": "w"},
        ("sign", "inner derivative"),
        ("w*x",),
    ),
    # Matrices
    Written(
        "dW is transposed",
        "h = w11*0.5 + w12*1.5; g = w21*0.5 + w22*1.5; (h - 1)**2 + (g + 0.5)**2",
        {"w11": 0.3, "w12": 0.9, "w21": -0.4, "w22": 0.3},
        {
            "w11": "2*(h - 1)*0.5",
            "w12": "2*(g + 0.5)*0.5",
            "w21": "2*(h - 1)*1.5",
            "w22": "2*(g + 0.5)*1.5",
        },
        ("swapped operand",),
        ("w12", "w21"),
    ),
    Written(
        "the gradients of x and y are written down exchanged",
        "x**2 * y",
        {"x": 1.4, "y": 0.9},
        {"x": "x**2", "y": "2*x*y"},
        ("swapped operand",),
        ("x", "y"),
    ),
    # Another point
    Written(
        "x and y are exchanged when numbers are put in",
        "x**3 * y + sin(y)",
        {"x": 1.2, "y": 0.7},
        {"x": "3*y**2 * x", "y": "y**3 + cos(x)"},
        ("another point",),
    ),
    Written(
        "the minus of the input is dropped",
        "x**2 * w + exp(x)",
        {"x": -1.5, "w": 0.8},
        {"x": "2*1.5*0.8 + exp(1.5)", "w": "1.5**2"},
        ("another point",),
    ),
    Written("the derivative is taken at 0", "exp(2*x) + 3*x", {"x": 0.9}, {"x": "5"}, ("another point",)),
    Written(
        "the derivative is taken at 1", "x**3 + exp(x)", {"x": 0.4}, {"x": "3 + exp(1)"}, ("another point",)
    ),
    # No single slip
    Written(
        "the derivative of a product as the product of derivatives",
        "x**2 * sin(x)",
        {"x": 1.1},
        {"x": "2*x*cos(x)"},
    ),
    Written(
        "the derivative of a quotient as the quotient of derivatives",
        "sin(x) / x**2",
        {"x": 1.3},
        {"x": "cos(x) / (2*x)"},
    ),
    Written("the outer derivative at the inner derivative", "(x**2 + 1)**3", {"x": 1.3}, {"x": "3*(2*x)**2"}),
    Written(
        "a product of three derived as a sum",
        "x*y*w",
        {"x": 1.3, "y": 0.6, "w": -1.7},
        {"x": "y + w", "y": "x + w", "w": "x + y"},
    ),
    Written(
        "the gradient of the biases is summed over the wrong axis",
        "(b + 0.5)**2 + (b - 1.2)**2 + (c + 0.3)**2 + (c + 0.9)**2",
        {"b": 0.4, "c": -0.7},
        {"b": "2*(b + 0.5) + 2*(c + 0.3)", "c": "2*(b - 1.2) + 2*(c + 0.9)"},
    ),
)


def handwritten() -> Iterator[Case]:
    """Yield the slips above as cases; slips that give the same numbers are right answers too."""
    for slip in SLIPS:
        output, known = record(slip.expression, slip.point)
        problem = Problem(slip.expression, output)
        graph = problem.graph
        derived: dict[str, str | float] = {}
        given = {}
        for name, formula in slip.hand.items():
            expression = parse(formula)
            number = expression.evaluate({label: known[label].data for label in expression.names})
            written_down = Given(number) if expression.names else rounded(number)
            derived[name] = formula if expression.names else written_down.number
            given[graph.index[known[name]]] = written_down
        kinds, nodes = explanations(problem, given)
        named = {identity(value(text, known)) for text in slip.nodes}
        meant = {i for i, node in enumerate(graph.nodes) if identity(node) in named}
        yield Case(
            "handwritten" if slip.kinds else "handwritten, no single slip",
            "formula",
            problem,
            derived,
            slip.words,
            kinds=kinds | set(slip.kinds),
            nodes=nodes | meant,
        )


def identity(node: Value) -> str:
    """Write what a node computes, so that the same expression can be found in another graph."""
    if node.primitive is None:
        return node.label or repr(node.data)
    operands = [identity(x) if hasattr(x, "operands") else repr(x) for x in node.operands]
    return f"{node.primitive.name}({', '.join(operands)})"
