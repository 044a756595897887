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
from nn.by_hand import backpropagate_by_hand, backpropagation
from nn.checkpoints import load_checkpoint, save_checkpoint
from nn.data import Dataset, Draws, breast_cancer, digits, split, standardise, two_moons
from nn.errors import (
    CheckpointError,
    MissingExtraError,
    NonFiniteError,
    ReplayError,
    SettingError,
    TargetError,
)
from nn.history import History
from nn.initializers import he, normal, xavier
from nn.layered import (
    LayeredGraph,
    composition,
    input_block_matrix,
    layered_form,
)
from nn.layers import MLP, Layer, Neuron
from nn.losses import binary_cross_entropy, hinge, mse, softmax_cross_entropy
from nn.metrics import accuracy, mean_loss
from nn.module import Module
from nn.optim import SGD, Adam, AdamW, Momentum, RMSProp
from nn.optimizer import Group, Optimizer
from nn.plots import Plot, plot_decisions, plot_saturation
from nn.saturation import saturation, scale_curve
from nn.schedules import Constant, Cosine, Inverse, InverseSqrt, Schedule, Stairs, WarmUp
from nn.to_go import loss_of_weights, loss_to_go, outputs_to_go
from nn.training import fit
from nn.weights import export_weights, import_weights

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "CheckpointError",
    "Constant",
    "Cosine",
    "Dataset",
    "Draws",
    "Group",
    "History",
    "Inverse",
    "InverseSqrt",
    "Layer",
    "LayeredGraph",
    "MissingExtraError",
    "Module",
    "Momentum",
    "Neuron",
    "NonFiniteError",
    "Optimizer",
    "PackageConflictError",
    "Plot",
    "RMSProp",
    "ReplayError",
    "Schedule",
    "SettingError",
    "Stairs",
    "TargetError",
    "WarmUp",
    "accuracy",
    "backpropagate_by_hand",
    "backpropagation",
    "binary_cross_entropy",
    "breast_cancer",
    "composition",
    "digits",
    "export_weights",
    "fit",
    "he",
    "hinge",
    "import_weights",
    "input_block_matrix",
    "layered_form",
    "load_checkpoint",
    "loss_of_weights",
    "loss_to_go",
    "mean_loss",
    "mse",
    "normal",
    "outputs_to_go",
    "plot_decisions",
    "plot_saturation",
    "saturation",
    "save_checkpoint",
    "scale_curve",
    "softmax_cross_entropy",
    "split",
    "standardise",
    "two_moons",
    "xavier",
]
