"""Lesson 5: a layer's pre-activations are linear in its weights, a = W o = B w.

The vector w holds the rows of W one after another; B is block diagonal, with o in every
row. So B is the derivative of a by w, and the chain rule for the weights of a layer is

    ∂l/∂w = Bᵀ ∂l/∂a

    python -m demos.block_matrix
"""

import numpy as np

from autograd import Value, dot, gradients
from nn import input_block_matrix, mse


def main() -> bool:
    """Compare W o with B w, and Bᵀ ∂l/∂a with autodiff; return whether they agree in every bit."""
    o = [0.5, -1.0, 2.0]
    rows = [[0.1, 0.7, -0.3], [-0.4, 0.2, 0.9]]
    w = [Value(number) for row in rows for number in row]
    b = input_block_matrix(o, len(rows))
    for name, matrix in (("W", np.array(rows)), ("B", b)):
        print(f"  {name} = " + str(matrix).replace("\n", "\n      "), end="\n\n")

    by_rows = [dot(row, o) for row in rows]
    by_block_matrix: list[Value] = [dot(row, w) for row in b.tolist()]
    print(f"  W o = {by_rows}")
    print(f"  B w = {[a.data for a in by_block_matrix]}\n")

    loss: Value = mse([a.tanh() for a in by_block_matrix], [1.0, 0.0])
    by_a = gradients(loss, by_block_matrix)
    by_w = [float(number) for number in b.T @ by_a]
    autodiff = gradients(loss, w)
    print(f"  {'Bᵀ ∂l/∂a':>25}{'∂l/∂w by autodiff':>25}")
    for pair in zip(by_w, autodiff, strict=True):
        print("  " + "".join([f"{number:>25.16f}" for number in pair]))
    return by_rows == [a.data for a in by_block_matrix] and by_w == autodiff


if __name__ == "__main__":
    main()
