"""Lesson 3: the graph that a computation leaves behind, as a picture.

Every card is a Value: its number, its gradient, and the operation that made it. Edges
run from operands to results, and carry the derivative of that one operation; backward
walks them the other way, and multiplies. A network is drawn with its neurons folded, each
one card. No other program is needed; where Graphviz' `dot` is installed, it places the
cards of graphs without boxes.

    python -m demos.draw_graph
"""

from pathlib import Path

from autograd import Value, draw, scopes
from autograd.views.draw import Drawing
from nn import MLP, mse


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


def network() -> Drawing:
    """Draw a network 3-4-4-1 and its loss, each neuron as one card."""
    model = MLP(3, [4, 4, 1], activation="tanh", seed=1)
    inputs = [Value(x, label=f"x{i}") for i, x in enumerate((0.5, -1.0, 2.0))]
    with scopes() as seen:
        loss = mse(model(inputs), 1.0)
    loss.label = "loss"
    loss.backward()
    return draw(loss, scopes=seen, fold="neuron")


def main(folder: Path = Path("out")) -> Path:
    """Draw the neuron and the network; return the file of the neuron."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "neuron.svg"
    drawing = draw(neuron())
    drawing.save(path)
    drawing.save(folder / "neuron.tex")  # for slides
    network().save(folder / "network.svg")
    print(f"  {drawing!r}")
    print(f"  wrote {path}, neuron.tex and network.svg")
    return path


if __name__ == "__main__":
    main()
