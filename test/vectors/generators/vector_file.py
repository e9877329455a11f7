"""Random draws, and the JSON files they end up in."""

import json
import math
import zlib
from pathlib import Path

import numpy as np

# No size is a multiple of 4, so that the remainders of vector instructions are exercised.
BATCH, TIME, FEATURES, UNITS = 3, 5, 7, 5

ROOT = Path(__file__).resolve().parent.parent

# 1 = a real step. Gaps, padding on the left, and a row without any real step.
MASK_WITH_GAPS = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]])
MASK_PADDED_RIGHT = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])


class Draw:
    """The random numbers of one case. The seed follows from the case's name: a new case changes no other."""

    def __init__(self, name):
        self.seed = zlib.crc32(name.encode()) % 1_000_000
        self.generator = np.random.Generator(np.random.PCG64(self.seed))

    def normal(self, *shape, scale=1.0):
        """Four decimals are enough to tell values apart, are exact in the file and keep it small."""
        return np.round(self.generator.normal(0.0, scale, shape), 4)

    def uniform(self, low, high, *shape):
        return np.round(self.generator.uniform(low, high, shape), 4)

    def integers(self, low, high, *shape):
        return self.generator.integers(low, high, shape)

    def probabilities(self, *shape):
        """Rows that sum to 1 up to rounding, none of them near 0 or 1."""
        raw = self.generator.uniform(0.1, 1.0, shape)
        return np.round(raw / raw.sum(axis=-1, keepdims=True), 4)

    def one_hot(self, classes, *shape):
        return np.eye(classes)[self.integers(0, classes, *shape)]


def camel_case(snake):
    head, *rest = snake.split("_")
    return head + "".join(word.capitalize() for word in rest)


def camel_case_keys(options):
    return {camel_case(key): value for key, value in options.items()}


def map_nested(function, nested):
    """`function` of every leaf of nested dicts and lists."""
    if isinstance(nested, dict):
        return {key: map_nested(function, value) for key, value in nested.items()}
    if isinstance(nested, (list, tuple)):
        return [map_nested(function, value) for value in nested]
    return function(nested)


def tensor(array):
    """Row-major values beside their shape; whole numbers and booleans as integers."""
    array = np.asarray(array)
    if array.dtype == bool:
        array = array.astype(int)
    return {"shape": list(array.shape), "data": array.ravel().tolist()}


def tensors(nested):
    return map_nested(tensor, nested)


def write_case(group, name, source, case):
    path = ROOT / group / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_to_json({"source": source, **case}) + "\n")


def _to_json(value, indent=""):
    """Objects a line per key, everything without an object inside on one line."""
    if isinstance(value, dict) and not _is_tensor(value):
        inner = indent + " "
        lines = [f"{inner}{json.dumps(key)}: {_to_json(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "{}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        inner = indent + " "
        return "[\n" + ",\n".join(inner + _to_json(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(_shorten(value), separators=(",", ":"), allow_nan=False)


def _is_tensor(value):
    return set(value) == {"shape", "data"}


def _shorten(value):
    """Drops the `.0` of whole numbers. Python writes the shortest digits that read back to the same float64."""
    if isinstance(value, dict):
        return {key: _shorten(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shorten(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value
