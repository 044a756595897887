"""The guided tour: four lessons, one after another. `python -m demos`."""

import time

from demos import breast_cancer, by_hand, chain_rule, draw_graph


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
    print(f"\nThe tour took {time.perf_counter() - start:.0f} s. It wrote one file, to open in a browser:")
    print(f"  {picture.resolve()}")
    print("Each lesson is a small script in demos/, made to be read.")


if __name__ == "__main__":
    main()
