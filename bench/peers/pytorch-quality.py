"""PyTorch's side of bench/quality.ts: the same models, initial distributions, data and budget as Rondo's, trained once by request.

    {"request": "build", "task": "...", "dataFile": "...", "seed": 1}  -> {"numParameters", "initialLoss"}
    {"request": "train"}                                            -> {"trainMs", "cpuMs", "meanLosses", "scores"}

peer_protocol.py describes the other requests. `trainMs` is the time of all steps with the making of their batches,
`cpuMs` the processor time of all threads meanwhile; `meanLosses` the mean training loss so far after each of the first hundred steps. Requirements: torch >= 2.4.
"""

import json
import os
import time

from peer_protocol import NUM_THREADS, leave_missing, serve_requests

os.environ["OMP_NUM_THREADS"] = str(NUM_THREADS)
os.environ["MKL_NUM_THREADS"] = str(NUM_THREADS)

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
    from torch.nn.utils import clip_grad_norm_
    from torch.nn.utils import rnn as packing
except ImportError as missing:
    leave_missing(missing)

torch.set_num_threads(NUM_THREADS)
torch.set_num_interop_threads(1)

REPORTED_STEPS = 100
# Rondo's, which is Keras's; it stands beside the root of the average square before that is corrected for its bias.
ADAM_EPSILON = 1e-7
# As many batches as Rondo sorts by length together.
BATCHES_PER_POOL = 50
# Tokens that are scored at once, as Rondo's language model reads them.
SCORED_TOKENS = 256


def initialize(layer):
    """Glorot's uniform kernels, orthogonal recurrent kernels, zero biases but 1 for forget gates.

    A recurrent layer's second bias stays at zero: beside the first one it would add nothing but a doubled learning rate.
    """
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(weight)
            elif name.startswith("weight"):
                nn.init.xavier_uniform_(weight)
            else:
                weight.zero_()
            if name.startswith("bias_ih"):
                # PyTorch's order of gates: input, forget, candidate, output.
                units = weight.shape[0] // 4
                weight[units : 2 * units] = 1
            if name.startswith("bias_hh"):
                weight.requires_grad_(False)
    return layer


class Trainee(nn.Module):
    """A model with its data."""

    def trained_parameters(self):
        return [weight for weight in self.parameters() if weight.requires_grad]

    def adam(self, rate):
        return torch.optim.Adam(self.trained_parameters(), lr=rate, eps=ADAM_EPSILON, fused=True)

    def build_answer(self):
        return {"numParameters": sum(weight.numel() for weight in self.trained_parameters()), "initialLoss": self.initial_loss()}

    def train_answer(self):
        self.train(True)
        # Kept as tensors, so that no step waits for a number.
        losses, rows = [], []
        elapsed, cpu = 0.0, 0.0
        for epoch in range(self.epochs):
            before, cpu_before = time.perf_counter(), time.process_time()
            for loss, count in self.steps(epoch):
                if epoch == 0 and len(losses) < REPORTED_STEPS:
                    losses.append(loss)
                    rows.append(count)
            elapsed += time.perf_counter() - before
            cpu += time.process_time() - cpu_before
        self.train(False)
        sums = torch.cumsum(torch.stack(losses).double() * torch.tensor(rows), 0)
        means = sums / torch.cumsum(torch.tensor(rows), 0)
        with torch.no_grad():
            return {"trainMs": elapsed * 1e3, "cpuMs": cpu * 1e3, "meanLosses": means.tolist(), "scores": self.scores()}


class CharacterModel(Trainee):
    """Embedding, a stateful LSTM over contiguous streams, logits of the next character."""

    def __init__(self, data):
        super().__init__()
        settings = data["settings"]
        self.epochs = data["epochs"]
        self.learning_rates = data["learningRates"]
        self.timesteps, batch_size = settings["timesteps"], settings["batchSize"]
        tokens = torch.tensor(data["tokens"])
        learned, self.held_out = tokens[: data["numTrainingTokens"]], tokens[data["numTrainingTokens"] :]
        length = (len(learned) - 1) // batch_size
        # [time, stream]: each stream goes on through the text; what is left over of a whole window is not used.
        self.inputs, self.targets = (learned[shift : shift + batch_size * length].view(batch_size, length).T.contiguous() for shift in (0, 1))
        self.num_windows = length // self.timesteps
        if self.num_windows * self.epochs != len(self.learning_rates):
            raise RuntimeError(f"{self.num_windows * self.epochs} steps, but {len(self.learning_rates)} learning rates")
        self.embedding = nn.Embedding(data["vocabularySize"], settings["embeddingUnits"])
        nn.init.normal_(self.embedding.weight)
        self.recurrent = initialize(nn.LSTM(settings["embeddingUnits"], settings["units"]))
        self.logits = initialize(nn.Linear(settings["units"], data["vocabularySize"]))
        self.optimizer = self.adam(0.0)

    def forward(self, tokens, states):
        output, states = self.recurrent(self.embedding(tokens), states)
        return self.logits(output), states

    def window_loss(self, window, states):
        steps = slice(window * self.timesteps, (window + 1) * self.timesteps)
        logits, states = self(self.inputs[steps], states)
        return F.cross_entropy(logits.flatten(0, 1), self.targets[steps].flatten()), states

    def initial_loss(self):
        with torch.no_grad():
            return self.window_loss(0, None)[0].item()

    def steps(self, epoch):
        states = None
        weights = self.trained_parameters()
        for window in range(self.num_windows):
            self.optimizer.param_groups[0]["lr"] = self.learning_rates[epoch * self.num_windows + window]
            self.optimizer.zero_grad(set_to_none=True)
            loss, states = self.window_loss(window, states)
            loss.backward()
            clip_grad_norm_(weights, 1.0)
            self.optimizer.step()
            states = tuple(state.detach() for state in states)
            yield loss.detach(), self.inputs.shape[1]

    def scores(self):
        """The held-out end as one stream, every character but the first."""
        states, total = None, 0.0
        inputs, targets = self.held_out[:-1, None], self.held_out[1:]
        for start in range(0, len(inputs), SCORED_TOKENS):
            logits, states = self(inputs[start : start + SCORED_TOKENS], states)
            total += F.cross_entropy(logits[:, 0], targets[start : start + SCORED_TOKENS], reduction="sum").item()
        return {"loss": total / len(targets)}


class FilmClassifier(Trainee):
    """Embedding, an LSTM in both directions over packed sequences, the maximum over time, dropout, logits of the classes."""

    def __init__(self, data):
        super().__init__()
        settings = data["settings"]
        self.epochs = data["epochs"]
        self.batch_size = settings["batchSize"]
        self.learned, self.held_out = (self.texts_of(data[part]) for part in ("train", "heldOut"))
        self.embedding = nn.Embedding(data["vocabularySize"], settings["embeddingUnits"])
        nn.init.normal_(self.embedding.weight, std=settings["embeddingStddev"])
        self.recurrent = initialize(nn.LSTM(settings["embeddingUnits"], settings["units"], bidirectional=True))
        self.dropout = nn.Dropout(settings["dropout"])
        self.logits = initialize(nn.Linear(2 * settings["units"], 2))
        self.optimizer = self.adam(settings["learningRate"])

    @staticmethod
    def texts_of(part):
        return [torch.tensor(ids) for ids in part["ids"]], torch.tensor(part["classes"])

    def forward(self, texts):
        """texts: rows of token ids, the longest first."""
        tokens = packing.pack_sequence(texts)
        output, _ = self.recurrent(tokens._replace(data=self.embedding(tokens.data)))
        padded, _ = packing.pad_packed_sequence(output, padding_value=-torch.inf)
        return self.logits(self.dropout(padded.amax(0)))

    def batch(self, part, rows):
        """rows: from the shortest to the longest. @returns logits and classes"""
        texts, classes = part
        rows = rows[::-1]
        return self([texts[row] for row in rows]), classes[rows]

    def shuffled_batches(self):
        """As Rondo's TextBatches: pools of a random order are sorted by length and cut into batches, whose order is random."""
        texts, _ = self.learned
        order = torch.randperm(len(texts)).tolist()
        batches = []
        for start in range(0, len(order), BATCHES_PER_POOL * self.batch_size):
            pool = sorted(order[start : start + BATCHES_PER_POOL * self.batch_size], key=lambda row: len(texts[row]))
            batches += [pool[at : at + self.batch_size] for at in range(0, len(pool), self.batch_size)]
        return [batches[i] for i in torch.randperm(len(batches)).tolist()]

    def initial_loss(self):
        self.train(False)
        with torch.no_grad():
            return self.scores()["loss"]

    def steps(self, epoch):
        for rows in self.shuffled_batches():
            self.optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(*self.batch(self.learned, rows))
            loss.backward()
            self.optimizer.step()
            yield loss.detach(), len(rows)

    def scores(self):
        texts, classes = self.held_out
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        total, right = 0.0, 0
        for start in range(0, len(order), self.batch_size):
            logits, targets = self.batch(self.held_out, order[start : start + self.batch_size])
            total += F.cross_entropy(logits, targets, reduction="sum").item()
            right += (logits.argmax(1) == targets).sum().item()
        return {"accuracy": right / len(texts), "loss": total / len(texts)}


class SentenceTranslator(Trainee):
    """Bidirectional LSTMs over packed sources; LSTMs over whole targets, which begin with their states; Luong's general
    attention between the decoder's layers; one embedding for both sides and the output."""

    # Ids that stand before those of tokens, as Rondo has them; 0 is padding.
    BEGIN, END = 1, 2

    def __init__(self, data):
        super().__init__()
        self.settings = settings = data["settings"]
        self.epochs = data["epochs"]
        self.learning_rates = data["learningRates"]
        self.learned, self.held_out = data["train"], data["heldOut"]
        units, layers, width = settings["units"], settings["layers"], settings["embeddingUnits"]
        self.embedding = nn.Embedding(data["vocabularySize"], width)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.dropout = nn.Dropout(settings["dropout"])
        lstm = lambda width, units, both: initialize(nn.LSTM(width, units, batch_first=True, bidirectional=both))
        self.encoders = nn.ModuleList(lstm(width if i == 0 else units, units // 2, True) for i in range(layers))
        self.decoders = nn.ModuleList(lstm(width if i == 0 else 2 * units, units, False) for i in range(layers))
        self.query = initialize(nn.Linear(units, units, bias=False))
        self.readout = initialize(nn.Linear(2 * units, width))
        self.output_bias = nn.Parameter(torch.zeros(data["vocabularySize"]))
        self.optimizer = self.adam(0.0)

    def forward(self, source, lengths, target):
        """source, target: [batch, time]; lengths: [batch] of the sources. @returns scores [batch, time, ids]"""
        encoded, states = self.dropout(self.embedding(source)), []
        for encoder in self.encoders:
            packed = packing.pack_padded_sequence(encoded, lengths, batch_first=True, enforce_sorted=False)
            packed, ends = encoder(packed)
            encoded = self.dropout(packing.pad_packed_sequence(packed, batch_first=True)[0])
            states.append(tuple(torch.cat([end[0], end[1]], 1)[None] for end in ends))
        asking = self.dropout(self.decoders[0](self.dropout(self.embedding(target)), states[0])[0])
        padding = (source == 0)[:, None]
        scores = (self.query(asking) @ encoded.transpose(1, 2)).masked_fill(padding, -torch.inf)
        context = torch.softmax(scores, 2) @ encoded
        decoded = asking
        for decoder, start in zip(self.decoders[1:], states[1:]):
            decoded = self.dropout(decoder(torch.cat([decoded, context], 2), start)[0])
        out = self.dropout(torch.tanh(self.readout(torch.cat([decoded, context], 2))))
        return F.linear(out, self.embedding.weight, self.output_bias)

    def batch_loss(self, pairs, reduction="mean"):
        pad = lambda rows: packing.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        source = [pair["source"] + [self.END] for pair in pairs]
        scores = self(pad(source), torch.tensor([len(row) for row in source]), pad([[self.BEGIN] + pair["target"] for pair in pairs]))
        labels = pad([pair["target"] + [self.END] for pair in pairs])
        return F.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=0, reduction=reduction)

    def batches(self, pairs):
        """As Rondo's: pairs of like length, as many as `batchTokens` steps of the longer side hold."""
        steps = lambda pair: max(len(pair["source"]), len(pair["target"])) + 1
        batches, batch = [], []
        for pair in sorted(pairs, key=steps):
            if batch and (len(batch) == self.settings["batchSize"] or (len(batch) + 1) * steps(pair) > self.settings["batchTokens"]):
                batches.append(batch)
                batch = []
            batch.append(pair)
        return batches + [batch]

    def initial_loss(self):
        self.train(False)
        with torch.no_grad():
            return self.scores()["loss"]

    def steps(self, epoch):
        weights = self.trained_parameters()
        batches = self.batches([self.learned[i] for i in torch.randperm(len(self.learned)).tolist()])
        first = epoch * len(batches)
        for number, place in enumerate(torch.randperm(len(batches)).tolist()):
            self.optimizer.param_groups[0]["lr"] = self.learning_rates[first + number]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.batch_loss(batches[place])
            loss.backward()
            clip_grad_norm_(weights, 1.0)
            self.optimizer.step()
            yield loss.detach(), len(batches[place])

    def scores(self):
        total = sum(self.batch_loss(batch, "sum").item() for batch in self.batches(self.held_out))
        return {"loss": total / sum(len(pair["target"]) + 1 for pair in self.held_out)}


TASKS = {"language-model": CharacterModel, "classifier": FilmClassifier, "translator": SentenceTranslator}
trainee = None


def build(request):
    global trainee
    with open(request["dataFile"], encoding="utf-8") as file:
        data = json.load(file)
    torch.manual_seed(request["seed"])
    trainee = TASKS[request["task"]](data)
    return trainee.build_answer()


serve_requests(
    f"{torch.__version__} CPU ({torch.backends.cpu.get_cpu_capability()}), {NUM_THREADS} threads",
    {"build": build, "train": lambda _: trainee.train_answer()},
)
