"""Lesson 1: the derivative of h(g(f(z))) is a product, one factor for each function.

    dh/dz = h'(g(f(z))) · g'(f(z)) · f'(z)

The function that acts first, f, gives the last factor. A Value remembers every step,
so that `backward` can multiply the factors from the output to the input.

    python -m demos.chain_rule
"""

import math

from autograd import Value, gradients


def main() -> None:
    """Record a composition and take its derivative apart."""
    z = Value(0.8, label="z")
    f = z**2
    g = f.sin()
    h = g.exp()

    local = {
        "f = z²": (f, gradients(f, [z])[0], "2z"),
        "g = sin f": (g, gradients(g, [f])[0], "cos f"),
        "h = exp g": (h, gradients(h, [g])[0], "exp g"),
    }
    print(f"z = {z.data}\n")
    print(f"  {'step':<12}{'value':>20}   {'local derivative':<17}{'':>10}")
    for step, (value, derivative, formula) in local.items():
        print(f"  {step:<12}{value.data:>20.15f}   {formula:<10}{derivative:>17.15f}")

    product = math.prod(derivative for _, derivative, _ in local.values())
    h.backward()
    print(f"\n  product of the three   {product:.15f}")
    print(f"  backward says dh/dz =  {z.grad:.15f}")


if __name__ == "__main__":
    main()
