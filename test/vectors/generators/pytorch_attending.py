"""
Cases of attending/: PyTorch's own LSTM and GRU cells in a decoder that attends at each step, what it attended to beside
the input of the cell. Bahdanau et al. 2015 ask with the state before, Luong et al. 2015 with the new one, for the next
step ("input feeding").

Shapes: x [B, T, F], states [B, U], keys [B, S, A], values [B, S, V], context [B, V], kernel [F, G * U], contextKernel
[V, G * U], recurrentKernel [U, G * U]. The gates of the LSTM are in PyTorch's order, those of the GRU are z, r, h.
"""

import torch

from .pytorch_case import arrays, differentiate, leaves, source
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, tensors, write_case

KEYS, KEY_WIDTH, VALUE_WIDTH = 4, 6, 3
LENGTHS = [3, 4, 1]
NUM_GATES = {"lstm": 4, "gru": 3}


def write_pytorch_attending_cases():
    for cell in NUM_GATES:
        for score in ("additive", "dot"):
            for input_feeding in (False, True):
                _write(cell, score, input_feeding)


def _write(cell, score, input_feeding):
    name = f"{cell}-{score}{'-input-feeding' if input_feeding else ''}"
    draw = Draw(f"attending {name}")
    width = NUM_GATES[cell] * UNITS
    key_width = UNITS if score == "dot" else KEY_WIDTH
    weights = {
        "kernel": draw.normal(FEATURES, width, scale=0.5),
        "contextKernel": draw.normal(VALUE_WIDTH, width, scale=0.5),
        "recurrentKernel": draw.normal(UNITS, width, scale=0.5),
        "bias": draw.normal(width, scale=0.5),
    }
    if cell == "gru":
        weights["recurrentBias"] = draw.normal(width, scale=0.5)
    if score == "additive":
        weights["queryKernel"] = draw.normal(UNITS, KEY_WIDTH)
        weights["scale"] = draw.normal(KEY_WIDTH)
    given = leaves({
        "input": draw.normal(BATCH, TIME, FEATURES),
        "keys": draw.normal(BATCH, KEYS, key_width),
        "values": draw.normal(BATCH, KEYS, VALUE_WIDTH),
        "initialState": {state: draw.normal(BATCH, UNITS) for state in ["hidden", "cell"][: NUM_GATES[cell] - 2]},
        "weights": weights,
    })
    results = _run(cell, score, input_feeding, given)
    cotangents, gradients = differentiate(results, given, draw)
    write_case("attending", name, source(draw), {
        "cell": cell,
        "score": score,
        "inputFeeding": input_feeding,
        "lengths": LENGTHS,
        "given": tensors(arrays(given)),
        "cotangents": tensors(cotangents),
        "expected": {**tensors(arrays(results)), "gradients": tensors(gradients)},
    })


def _run(cell, score, input_feeding, given):
    weights, states = given["weights"], given["initialState"]
    hidden, carried = states["hidden"], states.get("cell")
    context = torch.zeros(BATCH, VALUE_WIDTH)
    steps = {"output": [], "context": [], "shares": []}
    for t in range(TIME):
        if not input_feeding:
            context, shares = _attend(score, hidden, given)
        hidden, carried = _step(cell, torch.cat([given["input"][:, t], context], dim=1), hidden, carried, weights)
        if input_feeding:
            context, shares = _attend(score, hidden, given)
        for name, value in {"output": hidden, "context": context, "shares": shares}.items():
            steps[name].append(value)
    return {name: torch.stack(values, dim=1) for name, values in steps.items()}


def _attend(score, asking, given):
    keys, weights = given["keys"], given["weights"]
    if score == "dot":
        scores = torch.einsum("bu,bsu->bs", asking, keys)
    else:
        scores = torch.tanh((asking @ weights["queryKernel"])[:, None] + keys) @ weights["scale"]
    counts = torch.arange(KEYS) < torch.tensor(LENGTHS)[:, None]
    shares = torch.softmax(scores.masked_fill(~counts, -torch.inf), dim=1)
    return torch.einsum("bs,bsv->bv", shares, given["values"]), shares


def _step(cell, x, hidden, carried, weights):
    kernel = torch.cat([weights["kernel"], weights["contextKernel"]])
    recurrent = weights["recurrentKernel"]
    if cell == "lstm":
        bias = weights["bias"]
        return torch.lstm_cell(x, (hidden, carried), kernel.T, recurrent.T, bias, torch.zeros_like(bias))
    z_r_h = [*range(UNITS, 2 * UNITS), *range(UNITS), *range(2 * UNITS, 3 * UNITS)]
    kernel, recurrent, bias, recurrent_bias = (
        weight[..., z_r_h] for weight in (kernel, recurrent, weights["bias"], weights["recurrentBias"])
    )
    return torch.gru_cell(x, hidden, kernel.T, recurrent.T, bias, recurrent_bias), None
