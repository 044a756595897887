"""Lesson 3: the graph that a computation leaves behind, as a picture.

Every card is a Value: its number, its gradient, and the operation that made it. Edges
run from operands to results; backward walks them the other way. No other program is
needed; where Graphviz' `dot` is installed, it places the cards.

    python -m demos.draw_graph
"""

from pathlib import Path

from autograd import Value, draw


def neuron() -> Value:
    """Compute tanh(w₁x₁ + w₂x₂ + b), with a gradient."""
    x1, x2 = Value(2.0, label="x₁"), Value(0.0, label="x₂")
    w1, w2 = Value(-3.0, label="w₁"), Value(1.0, label="w₂")
    bias = Value(6.8813735870195432, label="b")
    activation = x1 * w1 + x2 * w2 + bias
    activation.label = "a"
    output = activation.tanh()
    output.label = "o"
    output.backward()
    return output


def main(folder: Path = Path("out")) -> Path:
    """Draw the neuron; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "neuron.svg"
    drawing = draw(neuron())
    drawing.save(path)
    print(f"  {drawing!r}")
    print(f"  wrote {path}")
    return path


if __name__ == "__main__":
    main()
