"""The optimizer of PyTorch that Keras lacks: averaged stochastic gradient descent (Polyak and Juditsky 1992)."""

import torch

from .pytorch_case import arrays, leaves, source
from .vector_file import Draw, tensors, write_case

NUM_STEPS = 10
SHAPES = {"kernel": (3, 5), "bias": (5,)}
# The averages follow the variables at first and are their running mean later; t0 says from when on.
OPTIONS = {"lambd": 1e-2, "alpha": 0.75, "t0": 4, "weight_decay": 0.01}


def write_pytorch_optimizer_cases():
    draw = Draw("optimizer averaged-sgd")
    start = {key: draw.normal(*shape) for key, shape in SHAPES.items()}
    gradients = [{key: draw.normal(*shape) for key, shape in SHAPES.items()} for _ in range(NUM_STEPS)]
    variables = leaves(start)
    optimizer = torch.optim.ASGD(variables.values(), lr=0.05, **OPTIONS)
    after, averages = [], []
    for step_gradients in gradients:
        for key, variable in variables.items():
            variable.grad = torch.tensor(step_gradients[key])
        optimizer.step()
        after.append({key: array.copy() for key, array in arrays(variables).items()})
        averages.append({key: optimizer.state[variable]["ax"].numpy().copy() for key, variable in variables.items()})
    write_case("optimizers", "averaged-sgd", source(draw), {
        "optimizer": "averagedSGD",
        "config": {"learningRate": 0.05, "lambd": 1e-2, "alpha": 0.75, "t0": 4, "weightDecay": 0.01},
        "variables": tensors(start),
        "gradients": tensors(gradients),
        "expected": tensors({"variables": after, "averages": averages}),
    })
