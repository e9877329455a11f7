"""PyTorch in float64: leaves to differentiate, and the gradients of a random combination of results."""

import torch

from .vector_file import map_nested

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def source(draw):
    return {"library": f"torch {torch.__version__}", "seed": draw.seed, "dtype": "float64"}


def leaves(nested):
    return map_nested(lambda array: torch.tensor(array, requires_grad=True), nested)


def arrays(nested):
    return map_nested(lambda leaf: leaf.detach().numpy(), nested)


def differentiate(results, sources, draw):
    """Random cotangents, and the gradients of sum(results * cotangents) with respect to every leaf of `sources`."""
    cotangents = map_nested(lambda result: draw.normal(*result.shape), results)
    scalar = sum(
        (result * torch.tensor(cotangent)).sum()
        for result, cotangent in zip(_flatten(results), _flatten(cotangents))
    )
    scalar.backward()
    return cotangents, map_nested(lambda leaf: leaf.grad.numpy(), sources)


def _flatten(nested):
    if isinstance(nested, dict):
        return [leaf for value in nested.values() for leaf in _flatten(value)]
    return [nested]
