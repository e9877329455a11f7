"""A training step of a decoder that attends at each step, by PyTorch's LSTMCell, timed on request by bench/attending.ts."""

import os

from peer_protocol import NUM_THREADS, leave_missing, read_arrays, serve

os.environ["OMP_NUM_THREADS"] = str(NUM_THREADS)
os.environ["MKL_NUM_THREADS"] = str(NUM_THREADS)

try:
    import torch
    from torch import nn
except ModuleNotFoundError as missing:
    leave_missing(missing)

torch.set_num_threads(NUM_THREADS)


class AttendingCase:
    def __init__(self, case, directory):
        arrays = read_arrays(directory)
        units = case["units"]
        self.input, self.memory = (torch.tensor(arrays[name]).requires_grad_() for name in ("input", "memory"))
        self.cell = nn.LSTMCell(2 * units, units)
        self.key, self.query = (nn.Linear(units, units, bias=False) for _ in range(2))
        self.scale = nn.Parameter(torch.full([units], 0.1))
        own = [self.input, self.memory, *self.cell.parameters(), *self.key.parameters()]
        self.variants = {
            "additive": lambda: self.step(False, [*own, *self.query.parameters(), self.scale]),
            "input feeding": lambda: self.step(True, own),
        }

    def step(self, is_fed_back, by):
        keys = self.key(self.memory)
        hidden = cell = context = torch.zeros_like(self.input[:, 0])
        steps = []
        for t in range(self.input.shape[1]):
            if not is_fed_back:
                scores = torch.tanh(keys + self.query(hidden)[:, None]) @ self.scale
                context = self.mean(scores)
            hidden, cell = self.cell(torch.cat([self.input[:, t], context], 1), (hidden, cell))
            if is_fed_back:
                context = self.mean(torch.bmm(keys, hidden[:, :, None])[:, :, 0])
            steps.append(torch.cat([hidden, context], 1))
        return torch.autograd.grad(torch.stack(steps, 1).square().sum(), by)

    def mean(self, scores):
        return torch.bmm(torch.softmax(scores, 1)[:, None], self.memory)[:, 0]

    def check(self, directory):
        return {"outputFile": "", "losses": {}, "variants": list(self.variants)}


serve(f"torch {torch.__version__}", AttendingCase)
