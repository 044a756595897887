"""What can go wrong in a network, by name, and the checks that nearly every setting needs.

The rest comes from `autograd`: `LengthError` and `OperandError` mean the same here.
"""

import math
from numbers import Integral, Real

from autograd import AutogradError


class SettingError(AutogradError, ValueError):
    """A setting is outside its range: a negative step size, no iterations, an unknown activation."""


class TargetError(AutogradError, ValueError):
    """A target is none that the loss knows: 0 for a hinge loss, class 10 of ten."""


class NonFiniteError(AutogradError, ArithmeticError):
    """A number that must be finite is inf or nan: a gradient, a loss, a sample."""


class CheckpointError(AutogradError, ValueError):
    """A file is no checkpoint, or damaged, or of another model or training; nothing was restored."""


class ReplayError(AutogradError):
    """A training cannot be replayed by recorded programs, and it was asked for, or it no longer can."""


class MissingExtraError(AutogradError, ImportError):
    """What was asked for needs a package that is not installed."""


def finite_setting(name: str, number: object) -> float:
    """Return a setting as a float, or refuse what is not a finite number, 0 or more."""
    if isinstance(number, Real) and 0 <= float(number) < math.inf:
        return float(number)
    raise SettingError(f"{name} must be a finite number, 0 or more; got {number!r}")


def fraction_setting(name: str, number: object) -> float:
    """Return a setting as a float, or refuse what is not a number from 0 up to, but not including, 1."""
    if isinstance(number, Real) and 0 <= float(number) < 1:
        return float(number)
    raise SettingError(f"{name} must be a number from 0 up to, but not including, 1; got {number!r}")


def whole_setting(name: str, number: object, *, least: int) -> int:
    """Return a setting as an int, or refuse what is not a whole number, `least` or more."""
    if not isinstance(number, Integral) or isinstance(number, bool) or number < least:
        raise SettingError(f"{name} must be a whole number, {least} or more; got {number!r}")
    return int(number)
