"""The guided tour: ten lessons, one after another. `python -m demos`."""

import time

from demos import (
    best_on_validation,
    block_matrix,
    breast_cancer,
    by_hand,
    chain_rule,
    draw_graph,
    losses_to_go,
    saturated,
    step_sizes,
    weight_decay,
)


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'─' * len(text)}\n")


def main() -> None:
    """Take the tour, and say at the end what it wrote."""
    start = time.perf_counter()
    title("1. The chain rule: h(g(f(z)))")
    chain_rule.main()
    title("2. A gradient derived by hand, and by autodiff")
    difference = by_hand.main()
    print(f"\n  They agree to {difference:.0e}, relative.")
    title("3. The graph of a neuron")
    picture = draw_graph.main()
    title("4. Training on the Wisconsin breast cancer data")
    breast_cancer.main()
    title("5. The pre-activations of a layer: a = W o = B w")
    block_matrix.main()
    title("6. The loss as a function of one layer's outputs: loss-to-go")
    losses_to_go.main()
    title("7. The scale of the first weights, and saturation")
    saturated.main()
    title("8. Weight decay and ½ λ ‖w‖²")
    weight_decay.main()
    title("9. The sequence of step sizes")
    step_sizes.main()
    title("10. The weights that do best on validation")
    best_on_validation.main()
    print(f"\nThe tour took {time.perf_counter() - start:.0f} s. It wrote one file, to open in a browser:")
    print(f"  {picture.resolve()}")
    print("Each lesson is a small script in demos/, made to be read.")


if __name__ == "__main__":
    main()
