"""Lesson 6: the loss as a function of the outputs of one layer, the loss-to-go.

A network is a composition, in the order of application affine ∘ non-linearity ∘ … ∘
loss. Cut it behind layer t: l_t is what follows, a function of the outputs o_t, so

    loss = l_T(o_T) = … = l_{t+1}(o_{t+1}) = l_t(o_t)        δ_t = ∂l_t/∂o_t

    python -m demos.losses_to_go
"""

from nn import MLP, backpropagate_by_hand, backpropagation, composition, layered_form, loss_to_go, xavier


def main() -> set[float]:
    """Write a network as a composition and evaluate every loss-to-go; return the numbers they give."""
    model = MLP(2, [3, 2], activation="tanh", output_activation="sigmoid", initializer=xavier, seed=1)
    x, y = [0.5, -1.0], [1.0, 0.0]
    print("In the order of application:")
    for step in composition(model, y):
        print(f"  {step.formula}")
    print()

    to_go = loss_to_go(model, x, y)
    print(to_go)
    print()
    numbers = [function(o).data for function, o in zip(to_go.functions, to_go.outputs, strict=True)]
    for t, number in enumerate(numbers):
        print(f"l{t}(o{t}) = {number!r}")

    by_hand = backpropagate_by_hand(x, y, *layered_form(model))
    apart = abs(by_hand - backpropagation(x, y, *layered_form(model))).max()
    print(f"\nThe gradient by w, by hand from the δ, differs from autodiff's by {apart:.0e}.")
    return set(numbers)


if __name__ == "__main__":
    main()
