"""What can go wrong, by name.

Every error the package raises on purpose derives from `AutogradError` and also
from the built-in type a reader would expect, so `except ValueError` works too.
"""


class AutogradError(Exception):
    """Base of every error that glassgrad raises on purpose."""


class OperandError(AutogradError, TypeError):
    """Something that is not a real number was used where one is needed."""


class PrecisionError(AutogradError, ValueError):
    """An integer has no exact float; rounding it in silence would be a lie."""


class DomainError(AutogradError, ValueError):
    """An operand lies outside the domain of its operation: `log(0)`, `1 / 0`."""


class LengthError(AutogradError, ValueError):
    """Two sequences that belong together differ in length, or one is empty."""


class StaleGraphError(AutogradError, RuntimeError):
    """A leaf was changed after the graph that uses it was recorded."""


class ReadOnlyError(AutogradError, AttributeError):
    """The data or gradient of a computed Value was assigned to."""


class PrimitiveError(AutogradError, ValueError):
    """A row of the table of primitives is not well formed."""


class OptionError(AutogradError, ValueError):
    """A function was given an option that it does not have."""


class RecordingError(AutogradError, RuntimeError):
    """A function that is being recorded for replay did what a replay could not repeat."""


class StaleProgram(AutogradError, RuntimeError):  # noqa: N818 - the name says what is wrong
    """With these arguments the recorded function would take another branch."""


OUT_OF_THE_ORDINARY = (ArithmeticError, ValueError, StaleProgram)
"""What generated code raises where eager evaluation has to say what happens."""
