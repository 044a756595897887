"""The smallest sensible scalar engine, in the style of microgpt's Value, as a yardstick.

An operator stores its operands and their local derivatives; one generic loop multiplies.
Written here for comparison, with a recursive sort and no checks, as such engines are.
"""

from __future__ import annotations

import math
from typing import Any


class Value:
    __slots__ = ("data", "grad", "local_gradients", "operands")

    def __init__(
        self, data: float, operands: tuple[Any, ...] = (), local_gradients: tuple[float, ...] = ()
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.operands = operands
        self.local_gradients = local_gradients

    def __add__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def relu(self) -> Value:
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    def exp(self) -> Value:
        z = math.exp(self.data)
        return Value(z, (self,), (z,))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        return self + (-other)

    def __truediv__(self, other: Value | float) -> Value:
        return self * other**-1

    def __radd__(self, other: Value | float) -> Value:
        return self + other

    def __rmul__(self, other: Value | float) -> Value:
        return self * other

    def __rsub__(self, other: Value | float) -> Value:
        return other + (-self)

    def __rtruediv__(self, other: Value | float) -> Value:
        return other * self**-1

    def backward(self) -> None:
        order: list[Value] = []
        seen = set()

        def visit(node: Value) -> None:
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for operand, local in zip(node.operands, node.local_gradients):  # noqa: B905 - speed, as they do
                operand.grad += local * node.grad
