"""Lesson 8: weight decay is the gradient of ½ λ ‖w‖².

A step of SGD with λ moves the weights by w ← w − η (v + λ w). The same step results
from λ = 0 if ½ λ ‖w‖² is added to the loss, since its gradient is λ w.

    python -m demos.weight_decay
"""

import math

from autograd import Value, sum as total
from nn import MLP, SGD, mse

STEP_SIZE, DECAY = 0.3, 0.01  # η and λ
SAMPLE = [0.5, -1.0, 2.0], [0.3, -0.7]  # x and y


def stepped(seed: int, decay: float, penalty: float) -> list[float]:
    """Take one step with weight decay and with a penalty on ‖w‖² in the loss; return the weights."""
    model = MLP(3, [4, 2], activation="tanh", seed=seed)
    x, y = SAMPLE
    loss: Value = mse(model(x), y) + 0.5 * penalty * total([w**2 for w in model.parameters()])
    loss.backward()
    SGD(model.parameters(), STEP_SIZE, weight_decay=decay).step()
    return [w.data for w in model.parameters()]


def main(seed: int = 0) -> float:
    """Compare the two steps, weight by weight; return the largest difference in units of the last place."""
    before = stepped(seed, 0.0, 0.0)
    decayed, penalised = stepped(seed, DECAY, 0.0), stepped(seed, 0.0, DECAY)
    ulps = [abs(a - b) / math.ulp(max(abs(a), abs(b))) for a, b in zip(decayed, penalised, strict=True)]
    print(f"  {'step without λ':>20}{'with λ':>20}{'½λ‖w‖² in the loss':>20}{'ulp apart':>12}")
    for row in list(zip(before, decayed, penalised, ulps, strict=True))[:6]:
        print("  " + "".join([f"{number:>20.16f}" for number in row[:3]]) + f"{row[3]:>12.0f}")
    print(f"  … and {len(ulps) - 6} more; the largest difference is {max(ulps):.0f} ulp")
    return max(ulps)


if __name__ == "__main__":
    main()
