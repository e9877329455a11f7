"""Greedy and beam decoding of a translator by PyTorch's eager loop, timed on request by bench/decoding.ts."""

import os

from peer_protocol import NUM_THREADS, leave_missing, read_arrays, serve, write_output

os.environ["OMP_NUM_THREADS"] = str(NUM_THREADS)
os.environ["MKL_NUM_THREADS"] = str(NUM_THREADS)

try:
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional as F
except ModuleNotFoundError as missing:
    leave_missing(missing)

torch.set_num_threads(NUM_THREADS)
BEGIN, END = 1, 2


def keras_weights(arrays, layer):
    """Of an LSTM, as PyTorch stores them: gates have the same order."""
    kernel, recurrent, bias = (torch.tensor(arrays[f"{layer}/{name}"]) for name in ("kernel", "recurrentKernel", "bias"))
    return kernel.T.contiguous(), recurrent.T.contiguous(), bias, torch.zeros_like(bias)


class Translator(nn.Module):
    """The network of src/tasks/translate/translator-network.ts, of one layer on each side."""

    def __init__(self, arrays, hidden):
        super().__init__()
        tensor = lambda name: nn.Parameter(torch.tensor(arrays[name]), requires_grad=False)
        self.source, self.target = tensor("sourceEmbedding/embeddings"), tensor("targetEmbedding/embeddings")
        self.query = nn.Parameter(tensor("query/kernel").T.contiguous(), requires_grad=False)
        self.readout = nn.Parameter(tensor("readout/kernel").T.contiguous(), requires_grad=False)
        self.readout_bias, self.output_bias = tensor("readout/bias"), tensor("output/bias")
        directions = [keras_weights(arrays, f"encoder1/{way}/cell") for way in ("forward", "backward")]
        units = directions[0][1].shape[1]
        self.encoder = nn.LSTM(self.source.shape[1], units, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTMCell(self.target.shape[1], 2 * units)
        self.encoder.load_state_dict(
            {f"{n}_l0{s}": v for ws, s in zip(directions, ("", "_reverse")) for n, v in zip(NAMES, ws)}
        )
        self.decoder.load_state_dict(dict(zip(NAMES, keras_weights(arrays, "decoder1/cell"))))
        # What is never written.
        self.hidden = torch.zeros(len(self.output_bias))
        self.hidden[hidden] = -torch.inf

    def encode(self, sources):
        """sources: [batch, time] ids, padded with 0. @returns what steps read, and the first states"""
        lengths = sources.ne(0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(
            F.embedding(sources, self.source), lengths, batch_first=True, enforce_sorted=False
        )
        output, states = self.encoder(packed)
        encoded, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
        ends = [torch.cat([state[0], state[1]], -1) for state in states]
        return encoded, sources.ne(0).logical_not().unsqueeze(1), *ends

    def step(self, ids, encoded, padding, hidden, cell):
        """@returns [batch, ids] logits, and the states"""
        hidden, cell = self.decoder(F.embedding(ids, self.target), (hidden, cell))
        scores = torch.bmm(F.linear(hidden, self.query).unsqueeze(1), encoded.transpose(1, 2))
        shares = torch.softmax(scores.masked_fill(padding, -torch.inf), -1)
        context = torch.bmm(shares, encoded).squeeze(1)
        out = torch.tanh(F.linear(torch.cat([hidden, context], -1), self.readout, self.readout_bias))
        return F.linear(out, self.target, self.output_bias) + self.hidden, hidden, cell


NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def padded(rows):
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


def greedy(model, sources, limits, leaves):
    """leaves: whether sentences that are done leave the batch."""
    encoded, padding, hidden, cell = model.encode(padded(sources))
    ids = torch.full((len(sources),), BEGIN)
    limits = torch.tensor(limits)
    places = torch.arange(len(sources))
    written = torch.zeros(len(sources), int(limits.max()), dtype=torch.int64)
    alive = torch.ones(len(sources), dtype=torch.bool)
    for step in range(1, int(limits.max()) + 1):
        logits, hidden, cell = model.step(ids, encoded, padding, hidden, cell)
        ids = logits.argmax(-1)
        written[places, step - 1] = torch.where(alive, ids, 0)
        alive = alive & ids.ne(END) & limits.gt(step)
        if not alive.any():
            break
        if leaves and not alive.all():
            encoded, padding, hidden, cell, ids, limits, places = (
                value[alive] for value in (encoded, padding, hidden, cell, ids, limits, places)
            )
            alive = alive[alive]
    return [[token for token in row if token > END] for row in written.tolist()]


def beam_search(model, sources, limits, beams, leaves):
    """As src/tasks/translate searches, with a length penalty of 1. leaves: as in `greedy`."""
    penalty = lambda length: (5 + length) / 6
    encoded, padding, hidden, cell = (value.repeat_interleave(beams, 0) for value in model.encode(padded(sources)))
    size = len(model.output_bias)
    places = list(range(len(sources)))
    found = [[] for _ in sources]
    sums = torch.full((len(sources), beams), -torch.inf)
    sums[:, 0] = 0
    ids = torch.full((len(sources) * beams,), BEGIN)
    written = torch.zeros(len(sources) * beams, 0, dtype=torch.int64)
    is_done = [False] * len(sources)
    for step in range(1, max(limits) + 1):
        logits, hidden, cell = model.step(ids, encoded, padding, hidden, cell)
        totals = sums.unsqueeze(-1) + torch.log_softmax(logits, -1).view(len(places), beams, size)
        best, at = totals.view(len(places), beams * size).topk(2 * beams)
        origins, tokens = at // size, at % size
        ends = tokens.eq(END)
        # The first `beams` of those that do not end.
        order = (ends * (2 * beams) + torch.arange(2 * beams)).topk(beams, largest=False).indices
        first = torch.arange(len(places)).unsqueeze(1) * beams
        for place, rank in ends[:, :beams].nonzero().tolist():
            sentence = places[place]
            if not is_done[sentence]:
                row = written[place * beams + int(origins[place, rank])].tolist()
                found[sentence].append((float(best[place, rank]) / penalty(step), row, True))
        sums = best.gather(1, order)
        origins = (origins.gather(1, order) + first).view(-1)
        ids = tokens.gather(1, order).view(-1)
        written = torch.cat([written[origins], ids.unsqueeze(1)], 1)
        hidden, cell = hidden[origins], cell[origins]
        leaders = sums[:, 0].tolist()
        for place, sentence in enumerate(places):
            own = found[sentence]
            if is_done[sentence]:
                continue
            if step >= limits[sentence]:
                rows = written[place * beams : (place + 1) * beams].tolist()
                own += [(total / penalty(step), row, False) for total, row in zip(sums[place].tolist(), rows)]
                is_done[sentence] = True
            elif len(own) >= beams:
                least = sorted((score for score, _, _ in own), reverse=True)[beams - 1]
                is_done[sentence] = leaders[place] / penalty(limits[sentence]) < least
        going_on = [place for place, sentence in enumerate(places) if not is_done[sentence]]
        if len(going_on) == 0:
            break
        if leaves and len(going_on) < len(places):
            places = [places[place] for place in going_on]
            kept = torch.tensor(going_on)
            sums = sums[kept]
            rows = (kept.unsqueeze(1) * beams + torch.arange(beams)).view(-1)
            encoded, padding, hidden, cell, ids, written = (
                value[rows] for value in (encoded, padding, hidden, cell, ids, written)
            )
    return [max(own, key=lambda one: (one[2], one[0]))[1] for own in found]


class DecodingCase:
    def __init__(self, case, directory):
        self.model = Translator(read_arrays(directory), case["hidden"]).eval()
        self.case = case
        self.variants = {
            "rows that stay": lambda: self.decode(False),
            "rows that leave": lambda: self.decode(True),
        }

    def decode(self, leaves):
        """@returns the best target of each sentence"""
        beams, sources, limits, size = (self.case[name] for name in ("beams", "sources", "limits", "batchSize"))
        targets = []
        with torch.inference_mode():
            for at in range(0, len(sources), size):
                batch = sources[at : at + size], limits[at : at + size]
                if beams == 1:
                    targets += greedy(self.model, *batch, leaves)
                else:
                    targets += beam_search(self.model, *batch, beams, leaves)
        return targets

    def check(self, directory):
        both = [self.decode(leaves) for leaves in (False, True)]
        if both[0] != both[1]:
            raise ValueError("rows that leave change what is written")
        output = np.zeros((len(both[0]), self.case["longest"]), dtype="<f4")
        for row, target in zip(output, both[0]):
            row[: len(target)] = target
        return {"outputFile": write_output(directory, "pytorch.bin", output), "losses": {}, "variants": list(self.variants)}


serve(f"torch {torch.__version__}", DecodingCase)
