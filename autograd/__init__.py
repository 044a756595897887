"""Numbers that remember how they were computed: automatic differentiation you can see through.

>>> from autograd import Value
>>> x, y = Value(2.0, label="x"), Value(0.5, label="y")
>>> z = (x * y).tanh() + x**2
>>> z.backward()
>>> x.grad, y.grad
(4.20998717080701..., 0.83994868322805...)
"""

from autograd.calls import innermost as innermost_scope, scope, scopes, watches
from autograd.check import check_gradients
from autograd.compare import assert_gradients_match, compare
from autograd.errors import (
    AutogradError,
    DomainError,
    LengthError,
    OperandError,
    PrecisionError,
    PrimitiveError,
    ReadOnlyError,
    StaleGraphError,
)
from autograd.exercises import exercise
from autograd.graph import topological_order
from autograd.primitives import (
    TABLE,
    Domain,
    Kink,
    Primitive,
    abs as abs,
    add,
    cos,
    div,
    dot,
    exp,
    log,
    logsumexp,
    max as max,
    mean,
    min as min,
    mul,
    neg,
    pow as pow,
    primitive,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    sub,
    sum as sum,
    tanh,
)
from autograd.value import Value, gradients
from autograd.views.chain import explain
from autograd.views.draw import draw, to_dot
from autograd.views.formula import formula, latex, mathml
from autograd.views.order import why_order
from autograd.views.staged import staged_code
from autograd.views.trace import trace

__all__ = [
    "TABLE",
    "AutogradError",
    "Domain",
    "DomainError",
    "Kink",
    "LengthError",
    "OperandError",
    "PrecisionError",
    "Primitive",
    "PrimitiveError",
    "ReadOnlyError",
    "StaleGraphError",
    "Value",
    "add",
    "assert_gradients_match",
    "check_gradients",
    "compare",
    "cos",
    "div",
    "dot",
    "draw",
    "exercise",
    "exp",
    "explain",
    "formula",
    "gradients",
    "innermost_scope",
    "latex",
    "log",
    "logsumexp",
    "mathml",
    "mean",
    "mul",
    "neg",
    "primitive",
    "relu",
    "scope",
    "scopes",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "staged_code",
    "step",
    "sub",
    "tanh",
    "to_dot",
    "topological_order",
    "trace",
    "watches",
    "why_order",
]
