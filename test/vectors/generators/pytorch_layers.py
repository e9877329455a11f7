"""Cases of torch.nn.RNN, LSTM and GRU: with PyTorch's weight names, layouts and gate orders."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .pytorch_case import arrays, differentiate, leaves, source
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, camel_case_keys, tensors, write_case

LENGTHS = [5, 2, 4]
DEEP = {"num_layers": 2, "bidirectional": True}
SINGLE = {"num_layers": 1, "bidirectional": False}


def write_pytorch_layer_cases():
    for kind in ("RNN", "LSTM", "GRU"):
        _write_layer(f"torch-{kind.lower()}", kind, SINGLE)
        _write_layer(f"torch-{kind.lower()}-two-layers-bidirectional", kind, DEEP)
        _write_layer(f"torch-{kind.lower()}-two-layers-bidirectional-packed", kind, DEEP, lengths=LENGTHS)
    _write_layer("torch-rnn-relu", "RNN", {**SINGLE, "nonlinearity": "relu"})
    _write_layer("torch-lstm-no-bias", "LSTM", {**SINGLE, "bias": False})


def _write_layer(name, kind, options, lengths=None):
    draw = Draw(name)
    layer = getattr(torch.nn, kind)(FEATURES, UNITS, batch_first=True, **options)
    _assign_random(layer, draw)
    num_states = options["num_layers"] * (2 if options["bidirectional"] else 1)
    state_names = ["hidden", "cell"] if kind == "LSTM" else ["hidden"]
    given = {
        "input": draw.normal(BATCH, TIME, FEATURES),
        "initialState": {state: draw.normal(num_states, BATCH, UNITS) for state in state_names},
    }
    sources = leaves(given)
    results = _call(layer, sources, state_names, lengths)
    parameters = dict(layer.named_parameters())
    cotangents, gradients = differentiate(results, {**sources, "weights": parameters}, draw)
    write_case("layers", name, source(draw), {
        "layer": f"torch.nn.{kind}",
        "config": camel_case_keys({"input_size": FEATURES, "hidden_size": UNITS, "batch_first": True, **options}),
        "weights": tensors(arrays(parameters)),
        "inputs": {**tensors(given), **({"lengths": lengths} if lengths else {})},
        "cotangents": tensors(cotangents),
        "expected": {**tensors(arrays(results)), "gradients": tensors(gradients)},
    })


def _assign_random(layer, draw):
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.tensor(draw.normal(*parameter.shape, scale=0.5)))


def _call(layer, sources, state_names, lengths):
    states = [sources["initialState"][state] for state in state_names]
    sequence = sources["input"]
    if lengths:
        sequence = pack_padded_sequence(sequence, lengths, batch_first=True, enforce_sorted=False)
    output, final = layer(sequence, tuple(states) if len(states) == 2 else states[0])
    if lengths:
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=TIME)
    return {"output": output, "finalState": dict(zip(state_names, final if len(states) == 2 else [final]))}
