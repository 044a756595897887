"""The numbers of another library, with the methods that the programs ask of Values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Scalar:
    """A number x of a library that has operators, and a function for relu."""

    __slots__ = ("rectify", "x")

    def __init__(self, x: Any, rectify: Callable[[Any], Any]) -> None:
        self.x = x
        self.rectify = rectify

    def __add__(self, other: Any) -> Scalar:
        return Scalar(self.x + plain(other), self.rectify)

    def __mul__(self, other: Any) -> Scalar:
        return Scalar(self.x * plain(other), self.rectify)

    def __sub__(self, other: Any) -> Scalar:
        return Scalar(self.x - plain(other), self.rectify)

    def __truediv__(self, other: Any) -> Scalar:
        return Scalar(self.x / plain(other), self.rectify)

    def __rtruediv__(self, other: Any) -> Scalar:
        return Scalar(other / self.x, self.rectify)

    def __pow__(self, exponent: float) -> Scalar:
        return Scalar(self.x**exponent, self.rectify)

    def __neg__(self) -> Scalar:
        return Scalar(-self.x, self.rectify)

    __radd__ = __add__
    __rmul__ = __mul__

    def relu(self) -> Scalar:
        return Scalar(self.rectify(self.x), self.rectify)


def plain(x: Any) -> Any:
    """Return what a Scalar stands for; any other number as it is."""
    return x.x if type(x) is Scalar else x
