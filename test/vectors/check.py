"""
Recomputes the recurrent vectors with plain numpy: the output, the final states, and, by central differences in a
random direction, the gradients of every tensor. Neither Keras nor PyTorch is needed. See README.md.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
FORWARD_TOLERANCE = 1e-13  # a few hundred float64 operations on values of order 1
SLOPE_TOLERANCE = 1e-7  # step 1e-5: truncation 1e-10, cancellation 1e-11, times slopes up to about 100


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardSigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
}


def parse(nested):
    """Arrays in place of {shape, data}."""
    if isinstance(nested, dict) and set(nested) == {"shape", "data"}:
        return np.array(nested["data"], dtype=float).reshape(nested["shape"])
    if isinstance(nested, dict):
        return {key: parse(value) for key, value in nested.items()}
    return nested


def step_of(kind, config, weights):
    """(x, states) -> new states, the first of which is the output."""
    activate = ACTIVATIONS[config.get("activation", "tanh")]
    gate = ACTIVATIONS[config.get("recurrentActivation", "sigmoid")]
    kernel, recurrent = weights["kernel"], weights["recurrentKernel"]
    bias = weights.get("bias", np.zeros(kernel.shape[1]))

    def simple(x, hidden):
        return [activate(x @ kernel + hidden @ recurrent + bias)]

    def lstm(x, hidden, cell):
        i, f, c, o = np.split(x @ kernel + hidden @ recurrent + bias, 4, axis=-1)
        cell = gate(f) * cell + gate(i) * activate(c)
        return [gate(o) * activate(cell), cell]

    def gru(x, hidden):
        reset_after = config.get("resetAfter", True)
        input_bias, recurrent_bias = bias if bias.ndim == 2 else (bias, 0)
        xz, xr, xh = np.split(x @ kernel + input_bias, 3, axis=-1)
        hz, hr, hh = np.split(hidden @ recurrent + recurrent_bias, 3, axis=-1)
        z, r = gate(xz + hz), gate(xr + hr)
        if not reset_after:
            hh = (r * hidden) @ np.split(recurrent, 3, axis=-1)[2]
        else:
            hh = r * hh
        return [z * hidden + (1 - z) * activate(xh + hh)]

    return {"SimpleRNN": simple, "LSTM": lstm, "GRU": gru}[kind]


def run(kind, config, weights, x, states, mask):
    """A recurrent layer as Keras defines it, one row and one step at a time."""
    step = step_of(kind, config, weights)
    order = range(x.shape[1])[::-1] if config.get("goBackwards") else range(x.shape[1])
    outputs, previous = [], np.zeros_like(states[0])
    for t in order:
        new = step(x[:, t], *states)
        keep = np.ones((len(x), 1)) if mask is None else mask[:, t, None]
        states = [np.where(keep, n, s) for n, s in zip(new, states)]
        previous = np.where(keep, new[0], np.zeros_like(previous) if config.get("zeroOutputForMask") else previous)
        outputs.append(previous)
    return (np.stack(outputs, axis=1) if config["returnSequences"] else previous), states


def prefixed(weights, prefix):
    return {key[len(prefix) + 1 :]: value for key, value in weights.items() if key.startswith(prefix + ".")}


def initial_states(kind, units, given, batch):
    names = ["hidden", "cell"] if kind == "LSTM" else ["hidden"]
    return names, [given[name] if given else np.zeros((batch, units)) for name in names]


def run_single(kind, config, weights, x, given, mask):
    names, states = initial_states(kind, config["units"], given, len(x))
    output, final = run(kind, config, weights, x, states, mask)
    return output, dict(zip(names, final))


def forward(case, point):
    """Results of a case at `point`: the weights, input and initial state, perhaps shifted."""
    config, weights, x = case["config"], point["weights"], point.get("input")
    given, mask = point.get("initialState"), case["inputs"].get("mask")
    if case["layer"] == "Bidirectional":
        return forward_bidirectional(config, weights, x, given, mask)
    if "cells" in config:
        return forward_cells(config, weights, x, given, mask)
    if case["layer"] == "Sequential":
        indices = case["inputs"]["input"].astype(int)
        lstm = config["layers"][1]["config"]
        rows = weights["embedding.embeddings"][indices]
        output, final = run_single("LSTM", lstm, prefixed(weights, "lstm"), rows, None, indices != 0)
    elif "cell" in config:
        kind = {"simple": "SimpleRNN", "lstm": "LSTM", "gru": "GRU", "gruResetBefore": "GRU"}[config["cell"]]
        config = {**config, "resetAfter": config["cell"] != "gruResetBefore"}
        output, final = run_single(kind, config, weights, x, given, mask)
    else:
        output, final = run_single(case["layer"], config, weights, x, given, mask)
    return {"output": output, "finalState": final}


def forward_cells(config, weights, x, given, mask):
    """Stacked cells compute what stacked layers would, as long as the mask stops all of them."""
    final = {}
    for index, cell in enumerate(config["cells"]):
        kind = cell["cell"].upper()
        inner = {"units": cell["units"], "returnSequences": True}
        x, final[f"cell{index}"] = run_single(
            kind, inner, prefixed(weights, f"cell{index}"), x, given[f"cell{index}"], mask
        )
    return {"output": x, "finalState": final}


def forward_bidirectional(config, weights, x, given, mask):
    """Keras' Bidirectional writes zeros at masked steps, whatever its layer is told."""
    kind, inner = config["layer"]["layer"], config["layer"]["config"]
    outputs, final = {}, {}
    for direction in ("forward", "backward"):
        one_way = {**inner, "goBackwards": direction == "backward", "zeroOutputForMask": inner["returnSequences"]}
        outputs[direction], final[direction] = run_single(
            kind, one_way, prefixed(weights, direction), x, given[direction], mask
        )
    if inner["returnSequences"]:
        outputs["backward"] = outputs["backward"][:, ::-1]
    a, b = outputs["forward"], outputs["backward"]
    merged = {"concat": lambda: np.concatenate([a, b], axis=-1), "sum": lambda: a + b, "mul": lambda: a * b,
              "ave": lambda: (a + b) / 2, None: lambda: outputs}[config["mergeMode"]]()
    return {"output": merged, "finalState": final}


def leaves(nested):
    if isinstance(nested, dict):
        return [leaf for key in sorted(nested) for leaf in leaves(nested[key])]
    return [nested]


def shifted(nested, directions, step):
    """`nested` moved by `step` along `directions`, which has the same structure."""
    if isinstance(nested, dict):
        return {key: shifted(value, directions[key], step) for key, value in nested.items()}
    return nested + step * directions


def directional_slope(case, point, directions, step=1e-5):
    def scalar(distance):
        results = forward(case, shifted(point, directions, distance))
        return sum((r * c).sum() for r, c in zip(leaves(results), leaves(case["cotangents"])))

    return (scalar(step) - scalar(-step)) / (2 * step)


def check_case(path):
    case = parse(json.loads(path.read_text()))
    gradients = case["expected"].pop("gradients")
    point = {key: case["inputs"].get(key, case.get(key)) for key in gradients}
    errors = [np.abs(a - b).max() for a, b in zip(leaves(forward(case, point)), leaves(case["expected"]))]
    generator = np.random.default_rng(1)
    directions = parse_like(point, lambda array: generator.normal(size=array.shape))
    expected = sum((g * d).sum() for g, d in zip(leaves(gradients), leaves(directions)))
    slope_error = abs(directional_slope(case, point, directions) - expected) / max(1, abs(expected))
    return max(errors), slope_error


def parse_like(nested, function):
    if isinstance(nested, dict):
        return {key: parse_like(value, function) for key, value in nested.items()}
    return function(nested)


def recurrent_files():
    keras_layers = {"SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "Sequential"}
    known_cells = {None, "simple", "lstm", "gru", "gruResetBefore"}
    for path in sorted([*HERE.glob("layers/*.json"), *HERE.glob("cells/*.json")]):
        case = json.loads(path.read_text())
        if case["layer"] in keras_layers and case["config"].get("cell") in known_cells:
            yield path


if __name__ == "__main__":
    failures = 0
    for path in recurrent_files():
        error, slope_error = check_case(path)
        bad = not (error < FORWARD_TOLERANCE and slope_error < SLOPE_TOLERANCE)
        failures += bad
        print(f"{'FAIL' if bad else 'ok  '} {path.relative_to(HERE)}  forward {error:.1e}  slope {slope_error:.1e}")
    sys.exit(1 if failures else 0)
