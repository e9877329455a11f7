"""
Cases of cells/: the equations of each cell as its paper prints them, differentiated by PyTorch.

Shapes: x [B, F], states [B, U], kernel [F, G * U], recurrentKernel [U, G * U], bias [G * U], per-unit vectors [U].
The G gates lie side by side in the order that a cell's `gates` lists.
"""

from dataclasses import dataclass, field
from typing import Callable

import torch
from torch import relu, sigmoid, tanh
from torch.nn.functional import layer_norm, logsigmoid

from .pytorch_case import arrays, differentiate, leaves, source
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, tensors, write_case


@dataclass
class Cell:
    step: Callable
    """(weights, x, states) -> (output, new states)"""
    gates: list
    states: list
    has_recurrent_kernel: bool = True
    vectors: list = field(default_factory=list)
    unbiased_gates: list = field(default_factory=list)
    """Gates without a bias: their part of the bias vector is 0 and no equation reads it."""
    num_biases: int = 1
    widths: dict = field(default_factory=dict)
    """Widths besides the units, by name; a state or kernel names them."""
    state_widths: dict = field(default_factory=dict)
    recurrent_width: str = "units"
    kernels: dict = field(default_factory=dict)
    """The cell's own kernels: name -> (from, to), the names of widths."""

    def width(self, name):
        return {"units": UNITS, **self.widths}[name]

    def state_width(self, state):
        return self.width(self.state_widths.get(state, "units"))


def write_cell_cases():
    for name, cell in CELLS.items():
        _write_cell(name, cell)


def _write_cell(name, cell):
    draw = Draw(f"cell {name}")
    given = {
        "input": draw.normal(BATCH, TIME, FEATURES),
        "initialState": {state: draw.normal(BATCH, cell.state_width(state)) for state in cell.states},
        "weights": _draw_weights(draw, cell),
    }
    sources = leaves(given)
    results = _run(cell, sources)
    cotangents, gradients = differentiate(results, sources, draw)
    write_case("cells", _kebab_case(name), source(draw), {
        "layer": "RNN",
        "config": {
            "cell": name, "units": UNITS, **({"widths": cell.widths} if cell.widths else {}),
            "returnSequences": True, "returnState": True,
        },
        "gates": cell.gates,
        "weights": tensors(given["weights"]),
        "inputs": tensors({"input": given["input"], "initialState": given["initialState"]}),
        "cotangents": tensors(cotangents),
        "expected": {**tensors(arrays(results)), "gradients": tensors(gradients)},
    })


def _draw_weights(draw, cell):
    width = len(cell.gates) * UNITS
    weights = {"kernel": draw.normal(FEATURES, width, scale=0.5)}
    if cell.has_recurrent_kernel:
        weights["recurrentKernel"] = draw.normal(cell.width(cell.recurrent_width), width, scale=0.5)
    weights["bias"] = draw.normal(*([width] if cell.num_biases == 1 else [cell.num_biases, width]), scale=0.5)
    for gate in cell.unbiased_gates:
        start = cell.gates.index(gate) * UNITS
        weights["bias"][start : start + UNITS] = 0
    for kernel, (rows, columns) in cell.kernels.items():
        weights[f"{kernel}Kernel"] = draw.normal(cell.width(rows), cell.width(columns), scale=0.5)
    for vector in cell.vectors:
        weights[vector] = draw.normal(UNITS, scale=0.5)
    return weights


def _run(cell, sources):
    states, outputs = sources["initialState"], []
    for t in range(TIME):
        output, states = cell.step(sources["weights"], sources["input"][:, t], states)
        outputs.append(output)
    return {"output": torch.stack(outputs, dim=1), "finalState": states}


def _kebab_case(name):
    known = {"peepholeLSTM": "peephole-lstm", "coupledLSTM": "coupled-lstm", "minGRU": "min-gru",
             "minLSTM": "min-lstm", "indRNN": "ind-rnn", "gruResetBefore": "gru-reset-before",
             "indyLSTM": "indy-lstm", "liGRU": "li-gru", "fastGRNN": "fast-grnn", "rgLRU": "rg-lru",
             "sLSTM": "s-lstm", "multiplicativeLSTM": "multiplicative-lstm", "mogrifierLSTM": "mogrifier-lstm", "layerNormLSTM": "layer-norm-lstm",
             "layerNormGRU": "layer-norm-gru"}
    return known.get(name, name)


def _gates(product):
    """The parts [..., U] of a product [..., G * U], in the order of the gates."""
    return torch.split(product, UNITS, dim=-1)


def _preacts(weights, x, hidden):
    return _gates(x @ weights["kernel"] + hidden @ weights["recurrentKernel"] + weights["bias"])


def _simple(weights, x, states):
    """Elman 1990, Finding structure in time."""
    (preact,) = _preacts(weights, x, states["hidden"])
    hidden = tanh(preact)
    return hidden, {"hidden": hidden}


def _lstm(weights, x, states):
    """Gers, Schmidhuber and Cummins 2000, Learning to forget."""
    input_gate, forget, candidate, output = _preacts(weights, x, states["hidden"])
    cell = sigmoid(forget) * states["cell"] + sigmoid(input_gate) * tanh(candidate)
    hidden = sigmoid(output) * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _lstmp(weights, x, states):
    """Sak et al. 2014, Long short-term memory recurrent neural network architectures: the recurrent projection alone."""
    input_gate, forget, candidate, output = _preacts(weights, x, states["hidden"])
    cell = sigmoid(forget) * states["cell"] + sigmoid(input_gate) * tanh(candidate)
    hidden = (sigmoid(output) * tanh(cell)) @ weights["projectionKernel"]
    _check_with_torch_cell(weights, x, states, hidden, cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _check_with_torch_cell(weights, x, states, hidden, cell):
    """PyTorch's own LSTM with `proj_size` gives the same step."""
    layer = torch.nn.LSTM(x.shape[-1], UNITS, proj_size=hidden.shape[-1], dtype=x.dtype)
    given = {"weight_ih_l0": weights["kernel"].T, "weight_hh_l0": weights["recurrentKernel"].T,
             "bias_ih_l0": weights["bias"], "bias_hh_l0": torch.zeros_like(weights["bias"]),
             "weight_hr_l0": weights["projectionKernel"].T}
    with torch.no_grad():
        for name, value in given.items():
            getattr(layer, name).copy_(value)
        _, (its_hidden, its_cell) = layer(x[None], (states["hidden"][None].contiguous(), states["cell"][None]))
    torch.testing.assert_close(its_hidden[0], hidden.detach(), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(its_cell[0], cell.detach(), rtol=1e-13, atol=1e-13)


def _lstm1997(weights, x, states):
    """Hochreiter and Schmidhuber 1997, Long short-term memory: no forget gate; squashing functions are tanh here."""
    input_gate, candidate, output = _preacts(weights, x, states["hidden"])
    cell = states["cell"] + sigmoid(input_gate) * tanh(candidate)
    hidden = sigmoid(output) * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _peephole_lstm(weights, x, states):
    """Gers, Schraudolph and Schmidhuber 2002: input and forget gates see the old cell, the output gate the new one."""
    input_gate, forget, candidate, output = _preacts(weights, x, states["hidden"])
    old = states["cell"]
    input_gate = sigmoid(input_gate + weights["inputPeephole"] * old)
    forget = sigmoid(forget + weights["forgetPeephole"] * old)
    cell = forget * old + input_gate * tanh(candidate)
    hidden = sigmoid(output + weights["outputPeephole"] * cell) * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _coupled_lstm(weights, x, states):
    """Greff et al. 2017, LSTM: a search space odyssey, variant CIFG: forget = 1 - input."""
    input_gate, candidate, output = _preacts(weights, x, states["hidden"])
    input_gate = sigmoid(input_gate)
    cell = (1 - input_gate) * states["cell"] + input_gate * tanh(candidate)
    hidden = sigmoid(output) * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _indy_lstm(weights, x, states):
    """Gonnet and Deselaers 2019, IndyLSTMs: an LSTM whose recurrent matrices are diagonal."""
    old = states["hidden"]
    input_gate, forget, candidate, output = _gates(x @ weights["kernel"] + weights["bias"])
    input_gate = sigmoid(input_gate + weights["inputRecurrent"] * old)
    forget = sigmoid(forget + weights["forgetRecurrent"] * old)
    candidate = tanh(candidate + weights["candidateRecurrent"] * old)
    output = sigmoid(output + weights["outputRecurrent"] * old)
    cell = forget * states["cell"] + input_gate * candidate
    hidden = output * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _janet(weights, x, states):
    """Van der Westhuizen and Lasenby 2018, The unreasonable effectiveness of the forget gate: beta = 1, h = c."""
    s, candidate = _preacts(weights, x, states["hidden"])
    hidden = sigmoid(s) * states["hidden"] + (1 - sigmoid(s - 1)) * tanh(candidate)
    return hidden, {"hidden": hidden}


def _gru(weights, x, states):
    """Cho et al. 2014 with the reset gate after the product: the recurrent candidate has a bias of its own."""
    hidden = states["hidden"]
    bias, recurrent_bias = weights["bias"]
    from_input = _gates(x @ weights["kernel"] + bias)
    from_hidden = _gates(hidden @ weights["recurrentKernel"] + recurrent_bias)
    update = sigmoid(from_input[0] + from_hidden[0])
    reset = sigmoid(from_input[1] + from_hidden[1])
    candidate = tanh(from_input[2] + reset * from_hidden[2])
    hidden = update * hidden + (1 - update) * candidate
    return hidden, {"hidden": hidden}


def _gru_reset_before(weights, x, states):
    """Cho et al. 2014, Learning phrase representations using RNN encoder-decoder; update keeps the old state."""
    hidden = states["hidden"]
    update_kernel, reset_kernel, candidate_kernel = _gates(weights["recurrentKernel"])
    from_input = _gates(x @ weights["kernel"] + weights["bias"])
    update = sigmoid(from_input[0] + hidden @ update_kernel)
    reset = sigmoid(from_input[1] + hidden @ reset_kernel)
    candidate = tanh(from_input[2] + (reset * hidden) @ candidate_kernel)
    hidden = update * hidden + (1 - update) * candidate
    return hidden, {"hidden": hidden}


def _mgu(weights, x, states):
    """Zhou et al. 2016, Minimal gated unit for recurrent neural networks; its forget gate f is 1 - update here."""
    hidden = states["hidden"]
    update_kernel, candidate_kernel = _gates(weights["recurrentKernel"])
    from_input = _gates(x @ weights["kernel"] + weights["bias"])
    update = sigmoid(from_input[0] + hidden @ update_kernel)
    candidate = tanh(from_input[1] + ((1 - update) * hidden) @ candidate_kernel)
    hidden = update * hidden + (1 - update) * candidate
    return hidden, {"hidden": hidden}


def _li_gru(weights, x, states):
    """Ravanelli et al. 2018, Light gated recurrent units for speech recognition, without batch normalisation."""
    update, candidate = _preacts(weights, x, states["hidden"])
    update = sigmoid(update)
    hidden = update * states["hidden"] + (1 - update) * relu(candidate)
    return hidden, {"hidden": hidden}


def _fast_grnn(weights, x, states):
    """Kusupati et al. 2018, FastGRNN; zeta and nu for each unit. The bias is b_z, and b_h = b_z + candidateBias."""
    (preact,) = _preacts(weights, x, states["hidden"])
    update = sigmoid(preact)
    candidate = tanh(preact + weights["candidateBias"])
    zeta, nu = sigmoid(weights["zeta"]), sigmoid(weights["nu"])
    hidden = (zeta * (1 - update) + nu) * candidate + update * states["hidden"]
    return hidden, {"hidden": hidden}


def _min_gru(weights, x, states):
    """Feng et al. 2024, Were RNNs all we needed?: candidate without activation; update takes the new value."""
    update, candidate = _gates(x @ weights["kernel"] + weights["bias"])
    update = sigmoid(update)
    hidden = (1 - update) * states["hidden"] + update * candidate
    return hidden, {"hidden": hidden}


def _min_lstm(weights, x, states):
    """Feng et al. 2024, Were RNNs all we needed?: forget and input gates normalised to sum to 1."""
    forget, input_gate, candidate = _gates(x @ weights["kernel"] + weights["bias"])
    forget, input_gate = sigmoid(forget), sigmoid(input_gate)
    total = forget + input_gate
    hidden = (forget / total) * states["hidden"] + (input_gate / total) * candidate
    return hidden, {"hidden": hidden}


def _sru(weights, x, states):
    """Lei et al. 2018, Simple recurrent units for highly parallelizable recurrence; the highway is a projection."""
    candidate, forget, reset, highway = _gates(x @ weights["kernel"])
    _, forget_bias, reset_bias, _ = _gates(weights["bias"])
    old = states["cell"]
    forget = sigmoid(forget + weights["forgetRecurrent"] * old + forget_bias)
    reset = sigmoid(reset + weights["resetRecurrent"] * old + reset_bias)
    cell = forget * old + (1 - forget) * candidate
    return reset * cell + (1 - reset) * highway, {"cell": cell}


def _ind_rnn(weights, x, states):
    """Li et al. 2018, Independently recurrent neural network: each unit sees its own past only."""
    hidden = relu(x @ weights["kernel"] + weights["recurrent"] * states["hidden"] + weights["bias"])
    return hidden, {"hidden": hidden}


def _qrnn(weights, x, states):
    """Bradbury et al. 2017, Quasi-recurrent neural networks: fo-pooling, convolution of width 1."""
    candidate, forget, output = _gates(x @ weights["kernel"] + weights["bias"])
    forget = sigmoid(forget)
    cell = forget * states["cell"] + (1 - forget) * tanh(candidate)
    return sigmoid(output) * cell, {"cell": cell}


def _rg_lru(weights, x, states):
    """De et al. 2024, Griffin: the recurrence of eq. 1-4, c = 8, with a linear layer in front of it."""
    recurrence, input_gate, candidate = _gates(x @ weights["kernel"] + weights["bias"])
    a = torch.exp(8 * sigmoid(recurrence) * logsigmoid(weights["decay"]))
    hidden = a * states["hidden"] + torch.sqrt(1 - a**2) * (sigmoid(input_gate) * candidate)
    return hidden, {"hidden": hidden}


def _s_lstm(weights, x, states):
    """Beck et al. 2024, xLSTM, eq. 8-17; a normaliser of 0 or less is one that nothing was written to."""
    input_gate, forget, candidate, output = _preacts(weights, x, states["hidden"])
    log_forget = logsigmoid(forget) + states["stabilizer"]
    is_started = states["normalizer"] > 0
    stabilizer = torch.where(is_started, torch.maximum(log_forget, input_gate), input_gate)
    input_gate = torch.exp(input_gate - stabilizer)
    forget = torch.exp(torch.clamp(log_forget - stabilizer, max=0))
    cell = forget * states["cell"] + input_gate * tanh(candidate)
    normalizer = forget * states["normalizer"] + input_gate
    hidden = sigmoid(output) * cell / torch.clamp(normalizer, min=1)
    return hidden, {"hidden": hidden, "cell": cell, "normalizer": normalizer, "stabilizer": stabilizer}


def _multiplicative_lstm(weights, x, states):
    """Krause et al. 2016, Multiplicative LSTM for sequence modelling: gates see m = (W_m x) * (U_m h)."""
    from_input = x @ weights["kernel"] + weights["bias"]
    multiplied = from_input[:, :UNITS] * (states["hidden"] @ weights["recurrentKernel"][:, :UNITS])
    preact = from_input[:, UNITS:] + multiplied @ weights["recurrentKernel"][:, UNITS:]
    input_gate, forget, candidate, output = _gates(preact)
    cell = sigmoid(forget) * states["cell"] + sigmoid(input_gate) * tanh(candidate)
    hidden = sigmoid(output) * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _mogrifier_lstm(weights, x, states):
    """Melis, Kocisky and Blunsom 2020, Mogrifier LSTM, eq. 1-2, of a linear layer of the input."""
    x, h = x @ weights["kernel"] + weights["bias"], states["hidden"]
    for number in range(1, 6):
        if number % 2 == 1:
            x = 2 * sigmoid(h @ weights[f"round{number}Kernel"]) * x
        else:
            h = 2 * sigmoid(x @ weights[f"round{number}Kernel"]) * h
    preact = {gate: x @ weights[f"{gate}ValueKernel"] + h @ weights[f"{gate}HiddenKernel"] + weights[f"{gate}Bias"]
              for gate in LSTM_GATES}
    cell = sigmoid(preact["forget"]) * states["cell"] + sigmoid(preact["input"]) * tanh(preact["candidate"])
    hidden = sigmoid(preact["output"]) * tanh(cell)
    return hidden, {"hidden": hidden, "cell": cell}


def _gate_vectors(weights, name, gates):
    return torch.cat([weights[name + gate.capitalize()] for gate in gates])


def _layer_norm_lstm(weights, x, states):
    """Ba, Kiros and Hinton 2016, Layer normalization, eq. 20-22."""
    gain = {name: _gate_vectors(weights, name, LSTM_GATES) for name in ("inputGain", "recurrentGain")}
    from_input = layer_norm(x @ weights["kernel"], (4 * UNITS,), gain["inputGain"], weights["bias"])
    from_hidden = layer_norm(states["hidden"] @ weights["recurrentKernel"], (4 * UNITS,), gain["recurrentGain"])
    input_gate, forget, candidate, output = _gates(from_input + from_hidden)
    cell = sigmoid(forget) * states["cell"] + sigmoid(input_gate) * tanh(candidate)
    hidden = sigmoid(output) * tanh(layer_norm(cell, (UNITS,), weights["cellGain"], weights["cellBias"]))
    return hidden, {"hidden": hidden, "cell": cell}


def _layer_norm_gru(weights, x, states):
    """Ba, Kiros and Hinton 2016, Layer normalization, eq. 27-30; update keeps the old state."""
    gates = 2 * UNITS
    from_input, from_hidden = x @ weights["kernel"], states["hidden"] @ weights["recurrentKernel"]
    gain = {name: _gate_vectors(weights, name, GRU_GATES) for name in ("inputGain", "recurrentGain")}
    update, reset = _gates(sigmoid(
        layer_norm(from_input[:, :gates], (gates,), gain["inputGain"][:gates], weights["bias"][:gates])
        + layer_norm(from_hidden[:, :gates], (gates,), gain["recurrentGain"][:gates])
    ))
    candidate = tanh(
        layer_norm(from_input[:, gates:], (UNITS,), gain["inputGain"][gates:], weights["bias"][gates:])
        + reset * layer_norm(from_hidden[:, gates:], (UNITS,), gain["recurrentGain"][gates:], weights["recurrentShift"])
    )
    hidden = update * states["hidden"] + (1 - update) * candidate
    return hidden, {"hidden": hidden}


HIDDEN, HIDDEN_AND_CELL = ["hidden"], ["hidden", "cell"]

LSTM_GATES = ["input", "forget", "candidate", "output"]
GRU_GATES = ["update", "reset", "candidate"]


def _names_of_gate_vectors(names, gates):
    return [name + gate.capitalize() for name in names for gate in gates]


CELLS = {
    "simple": Cell(_simple, ["candidate"], HIDDEN),
    "lstm": Cell(_lstm, ["input", "forget", "candidate", "output"], HIDDEN_AND_CELL),
    "lstmp": Cell(
        _lstmp, ["input", "forget", "candidate", "output"], HIDDEN_AND_CELL, widths={"projection": 2},
        state_widths={"hidden": "projection"}, recurrent_width="projection",
        kernels={"projection": ("units", "projection")},
    ),
    "lstm1997": Cell(_lstm1997, ["input", "candidate", "output"], HIDDEN_AND_CELL),
    "peepholeLSTM": Cell(
        _peephole_lstm, ["input", "forget", "candidate", "output"], HIDDEN_AND_CELL,
        vectors=["inputPeephole", "forgetPeephole", "outputPeephole"],
    ),
    "coupledLSTM": Cell(_coupled_lstm, ["input", "candidate", "output"], HIDDEN_AND_CELL),
    "indyLSTM": Cell(
        _indy_lstm, ["input", "forget", "candidate", "output"], HIDDEN_AND_CELL, has_recurrent_kernel=False,
        vectors=["inputRecurrent", "forgetRecurrent", "candidateRecurrent", "outputRecurrent"],
    ),
    "janet": Cell(_janet, ["forget", "candidate"], HIDDEN),
    "gru": Cell(_gru, ["update", "reset", "candidate"], HIDDEN, num_biases=2),
    "gruResetBefore": Cell(_gru_reset_before, ["update", "reset", "candidate"], HIDDEN),
    "mgu": Cell(_mgu, ["update", "candidate"], HIDDEN),
    "liGRU": Cell(_li_gru, ["update", "candidate"], HIDDEN),
    "fastGRNN": Cell(_fast_grnn, ["shared"], HIDDEN, vectors=["candidateBias", "zeta", "nu"]),
    "minGRU": Cell(_min_gru, ["update", "candidate"], HIDDEN, has_recurrent_kernel=False),
    "minLSTM": Cell(_min_lstm, ["forget", "input", "candidate"], HIDDEN, has_recurrent_kernel=False),
    "sru": Cell(
        _sru, ["candidate", "forget", "reset", "highway"], ["cell"], has_recurrent_kernel=False,
        vectors=["forgetRecurrent", "resetRecurrent"], unbiased_gates=["candidate", "highway"],
    ),
    "indRNN": Cell(_ind_rnn, ["candidate"], HIDDEN, has_recurrent_kernel=False, vectors=["recurrent"]),
    "qrnn": Cell(_qrnn, ["candidate", "forget", "output"], ["cell"], has_recurrent_kernel=False),
    "rgLRU": Cell(_rg_lru, ["recurrence", "input", "candidate"], HIDDEN, has_recurrent_kernel=False, vectors=["decay"]),
    "sLSTM": Cell(_s_lstm, LSTM_GATES, ["hidden", "cell", "normalizer", "stabilizer"]),
    "multiplicativeLSTM": Cell(_multiplicative_lstm, ["multiplier", *LSTM_GATES], HIDDEN_AND_CELL),
    "mogrifierLSTM": Cell(
        _mogrifier_lstm, ["value"], HIDDEN_AND_CELL, has_recurrent_kernel=False,
        vectors=[f"{gate}Bias" for gate in LSTM_GATES],
        kernels={name: ("units", "units") for name in (
            *(f"round{number}" for number in range(1, 6)), *(f"{gate}Value" for gate in LSTM_GATES),
            *(f"{gate}Hidden" for gate in LSTM_GATES),
        )},
    ),
    "layerNormLSTM": Cell(
        _layer_norm_lstm, LSTM_GATES, HIDDEN_AND_CELL,
        vectors=["cellGain", "cellBias", *_names_of_gate_vectors(["inputGain", "recurrentGain"], LSTM_GATES)],
    ),
    "layerNormGRU": Cell(
        _layer_norm_gru, GRU_GATES, HIDDEN,
        vectors=["recurrentShift", *_names_of_gate_vectors(["inputGain", "recurrentGain"], GRU_GATES)],
    ),
}
