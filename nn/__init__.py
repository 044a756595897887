"""Networks of Values: layers, losses, and training by the algorithm of the textbook.

>>> from nn import MLP, SGD, mse
>>> model = MLP(2, [3, 1], activation="tanh", seed=1)
>>> optimizer = SGD(model.parameters(), lr=0.1)
>>> for _ in range(100):
...     optimizer.zero_grad()
...     loss = mse(model([0.5, -1.0]), 0.25)
...     loss.backward()
...     step_size = optimizer.step()
>>> f"{model([0.5, -1.0]):.4f}"
'0.2500'
"""

from nn._conflict import PackageConflictError  # comes first: it checks that `autograd` is ours
from nn.data import Dataset, breast_cancer, digits, split, standardise, two_moons
from nn.errors import NonFiniteError, SettingError, TargetError
from nn.history import History
from nn.initializers import he, normal, xavier
from nn.layers import MLP, Layer, Neuron
from nn.losses import binary_cross_entropy, hinge, mse, softmax_cross_entropy
from nn.module import Module
from nn.optim import SGD
from nn.training import accuracy, fit, mean_loss

__all__ = [
    "MLP",
    "SGD",
    "Dataset",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "NonFiniteError",
    "PackageConflictError",
    "SettingError",
    "TargetError",
    "accuracy",
    "binary_cross_entropy",
    "breast_cancer",
    "digits",
    "fit",
    "he",
    "hinge",
    "mean_loss",
    "mse",
    "normal",
    "softmax_cross_entropy",
    "split",
    "standardise",
    "two_moons",
    "xavier",
]
