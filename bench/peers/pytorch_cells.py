"""Recurrent layers of PyTorch with the weights of a case, and the cells that PyTorch has no layer for.

Weights come in Keras's form: kernel [features, gates * units], recurrent kernel [units, gates * units], bias.
"""

import numpy as np
import torch
from torch import nn

LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "simple": nn.RNN}
CELL_LAYERS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "simple": nn.RNNCell}

# Keras's order of gates in PyTorch's: LSTM i f c o = i f g o; GRU z r h against r z n.
GATE_ORDER = {"lstm": [0, 1, 2, 3], "gru": [1, 0, 2], "simple": [0]}


def load_layer(layer, cell, weights):
    """Takes the weights of a layer off the front of the list."""
    if cell not in LAYERS:
        layer.load(weights)
        return
    for suffix in ["", "_reverse"] if layer.bidirectional else [""]:
        load_named(layer, cell, f"_l0{suffix}", weights)


def step_cell(cell, features, units, weights):
    layer = CELL_LAYERS[cell](features, units)
    load_named(layer, cell, "", list(weights))
    return layer.eval()


def load_named(layer, cell, suffix, weights):
    order = GATE_ORDER[cell]

    def reordered(array):
        gates = np.split(array, len(order), axis=-1)
        return torch.from_numpy(np.concatenate([gates[i] for i in order], axis=-1).T.copy())

    kernel, recurrent_kernel, bias = (weights.pop(0) for _ in range(3))
    input_bias, recurrent_bias = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    with torch.no_grad():
        getattr(layer, f"weight_ih{suffix}").copy_(reordered(kernel))
        getattr(layer, f"weight_hh{suffix}").copy_(reordered(recurrent_kernel))
        getattr(layer, f"bias_ih{suffix}").copy_(reordered(input_bias))
        getattr(layer, f"bias_hh{suffix}").copy_(reordered(recurrent_bias))
    # The others have one bias: a second one that trained too would double its steps.
    getattr(layer, f"bias_hh{suffix}").requires_grad_(bias.ndim == 2)


def coupled_lstm(gates, recurrent_kernel, states):
    """gates [time, batch, 3 * units]: input, candidate, output; forget is one minus input."""
    hidden, cell = states
    outputs: list[torch.Tensor] = []
    for gate in gates.unbind(0):
        i, g, o = torch.addmm(gate, hidden, recurrent_kernel).chunk(3, 1)
        i = torch.sigmoid(i)
        cell = (1 - i) * cell + i * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs), (hidden, cell)


def gru_reset_before(gates, recurrent_kernel, states):
    """gates [time, batch, 3 * units]: update, reset, candidate; the reset gate acts before the product."""
    (hidden,) = states
    units = hidden.shape[1]
    both, candidate_kernel = recurrent_kernel[:, : 2 * units], recurrent_kernel[:, 2 * units :]
    outputs: list[torch.Tensor] = []
    for gate in gates.unbind(0):
        z, r = torch.sigmoid(torch.addmm(gate[:, : 2 * units], hidden, both)).chunk(2, 1)
        candidate = torch.tanh(torch.addmm(gate[:, 2 * units :], r * hidden, candidate_kernel))
        hidden = z * hidden + (1 - z) * candidate
        outputs.append(hidden)
    return torch.stack(outputs), (hidden,)


def min_gru_coefficients(gates):
    """h' = a h + b."""
    z, candidate = gates.chunk(2, 2)
    z = torch.sigmoid(z)
    return 1 - z, z * candidate


def min_gru_loop(gates, recurrent_kernel, states):
    a, b = min_gru_coefficients(gates)
    (hidden,) = states
    outputs: list[torch.Tensor] = []
    for keep, new in zip(a.unbind(0), b.unbind(0)):
        hidden = torch.addcmul(new, keep, hidden)
        outputs.append(hidden)
    return torch.stack(outputs), (hidden,)


def min_gru_doubling(gates, recurrent_kernel, states):
    """Hillis and Steele 1986, "Data parallel algorithms": each pass joins spans of twice the length, log2(time) in all."""
    a, b = min_gru_coefficients(gates)
    b = torch.cat([torch.addcmul(b[:1], a[:1], states[0]), b[1:]])
    span = 1
    while span < a.shape[0]:
        b = torch.cat([b[:span], torch.addcmul(b[span:], a[span:], b[:-span])])
        a = torch.cat([a[:span], a[span:] * a[:-span]])
        span *= 2
    return b, (b[-1],)


def min_gru_chunks(gates, recurrent_kernel, states):
    """Steps of all chunks at once, then one pass over the chunks' ends: two loops of sqrt(time)."""
    a, b = min_gru_coefficients(gates)
    (hidden,) = states
    size = 1 << ((a.shape[0].bit_length() + 1) // 2 - 1)
    while a.shape[0] % size != 0:
        size -= 1
    a, b = (value.unflatten(0, (-1, size)) for value in (a, b))
    kept, news = [a[:, 0]], [b[:, 0]]
    for i in range(1, size):
        news.append(torch.addcmul(b[:, i], a[:, i], news[-1]))
        kept.append(a[:, i] * kept[-1])
    starts = []
    for keep, new in zip(kept[-1].unbind(0), news[-1].unbind(0)):
        starts.append(hidden)
        hidden = torch.addcmul(new, keep, hidden)
    output = torch.addcmul(torch.stack(news, 1), torch.stack(kept, 1), torch.stack(starts)[:, None])
    return output.flatten(0, 1), (hidden,)


def scripted_coupled_lstm(gates: torch.Tensor, recurrent_kernel: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor):
    outputs: list[torch.Tensor] = []
    for gate in gates.unbind(0):
        i, g, o = torch.addmm(gate, hidden, recurrent_kernel).chunk(3, 1)
        i = torch.sigmoid(i)
        cell = (1 - i) * cell + i * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs), (hidden, cell)


def script(function):
    """The function compiled at its first use; unpacks the states, whose number a script must know."""
    compiled = None

    def run(gates, recurrent_kernel, states):
        nonlocal compiled
        compiled = compiled or torch.jit.script(function)
        return compiled(gates, recurrent_kernel, *states)

    return run


# By cell and name of the form. The first form also gives the output that is compared.
CUSTOM_CELLS = {
    "coupledLSTM": {"loop": coupled_lstm, "torch.jit.script loop": script(scripted_coupled_lstm)},
    "gruResetBefore": {"loop": gru_reset_before},
    "minGRU": {"loop": min_gru_loop, "scan by doubling": min_gru_doubling, "scan in chunks": min_gru_chunks},
}
NUM_STATES = {"coupledLSTM": 2}
NUM_GATES = {"minGRU": 2}


def custom_layer(cell, features, units, form):
    return CustomLayer(CUSTOM_CELLS[cell][form], features, units, NUM_GATES.get(cell, 3), NUM_STATES.get(cell, 1), cell != "minGRU")


class CustomLayer(nn.Module):
    """A user's own recurrent layer; the products of all steps with the input are one."""

    def __init__(self, run, features, units, num_gates, num_states, is_recurrent):
        super().__init__()
        self.run, self.units, self.num_states, self.is_recurrent = run, units, num_states, is_recurrent
        self.kernel = nn.Parameter(torch.empty(features, num_gates * units))
        self.recurrent_kernel = nn.Parameter(torch.empty(units, num_gates * units)) if is_recurrent else None
        self.bias = nn.Parameter(torch.empty(num_gates * units))

    def load(self, weights):
        with torch.no_grad():
            for parameter in [self.kernel, self.recurrent_kernel, self.bias]:
                if parameter is not None:
                    parameter.copy_(torch.from_numpy(weights.pop(0)))

    def forward(self, x, states=None):
        if states is None:
            states = tuple(x.new_zeros(x.shape[1], self.units) for _ in range(self.num_states))
        gates = torch.addmm(self.bias, x.flatten(0, 1), self.kernel).unflatten(0, x.shape[:2])
        return self.run(gates, self.recurrent_kernel, states)
