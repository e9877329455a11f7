"""PyTorch on its CPU backend, timed on request by bench/compare.ts; peer_protocol.py describes the requests.

Layers that PyTorch has are its own; a cell that it lacks is written as its users write one, a loop over the steps with
the input product outside, plain and through torch.jit.script, and minGRU also as two forms of a parallel scan. What
could be done once before the training step is done before, which favours PyTorch: sequences are packed once, and no
gradient of the input is asked for. Requirements: torch >= 2.4, numpy.
"""

import os

from peer_protocol import NUM_THREADS, Unsupported, clear_padding, is_streaming, leave_missing, read_arrays, serve, weights_of, write_output

os.environ["OMP_NUM_THREADS"] = str(NUM_THREADS)
os.environ["MKL_NUM_THREADS"] = str(NUM_THREADS)

try:
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional as F
    from torch.nn.utils import rnn as packing
except ImportError as missing:
    leave_missing(missing)

from pytorch_cells import CELL_LAYERS, CUSTOM_CELLS, LAYERS, custom_layer, load_layer, step_cell

torch.set_num_threads(NUM_THREADS)
torch.set_num_interop_threads(1)


class Stack(nn.Module):
    """Recurrent layers above each other, and the dense layer over words. Input [time, batch, features], or packed."""

    def __init__(self, case, weights, form=None):
        super().__init__()
        self.layers = nn.ModuleList()
        weights = list(weights)
        width = case["features"]
        for _ in range(case["layers"]):
            if form is None:
                layer = LAYERS[case["cell"]](width, case["units"], bidirectional=case.get("bidirectional", False))
            else:
                layer = custom_layer(case["cell"], width, case["units"], form)
            load_layer(layer, case["cell"], weights)
            self.layers.append(layer)
            width = case["units"] * (2 if case.get("bidirectional") else 1)
        self.words = None
        if "numWords" in case:
            self.words = nn.Linear(width, case["numWords"])
            with torch.no_grad():
                self.words.weight.copy_(torch.from_numpy(weights.pop(0).T.copy()))
                self.words.bias.copy_(torch.from_numpy(weights.pop(0)))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)[0]
        return x if self.words is None else self.words(x)


class PreparedCase:
    def __init__(self, case, directory):
        self.case = case
        self.arrays = read_arrays(directory)
        self.weights = weights_of(self.arrays)
        self.lengths = self.arrays.get("lengths")
        self.has_layer = case["cell"] in LAYERS
        if not self.has_layer and case["cell"] not in CUSTOM_CELLS:
            raise Unsupported(f"the peer has no module for the cell {case['cell']}")
        if not self.has_layer and (case.get("bidirectional") or self.lengths is not None):
            raise Unsupported("the peer's own cells have no packed sequences and one direction")
        self.x = torch.from_numpy(self.arrays["input"]).transpose(0, 1).contiguous()
        target = torch.from_numpy(self.arrays["target"]).transpose(0, 1).contiguous()
        self.target = target.long() if "numWords" in case else target
        forms = [None] if self.has_layer else list(CUSTOM_CELLS[case["cell"]])
        if is_streaming(case):
            # One step needs no scan.
            self.variants = self.streaming_variants([form for form in forms if form is None or "loop" in form])
        elif case["mode"] == "train":
            self.variants = self.training_variants(forms)
        else:
            self.variants = self.inference_variants(forms)

    def name_of(self, form):
        return f"nn.{LAYERS[self.case['cell']].__name__}" if form is None else form

    def packed(self, value):
        return packing.pack_padded_sequence(value, torch.from_numpy(self.lengths).long(), enforce_sorted=False)

    def inputs(self):
        """By name: the input as the layers read it, and how the target is compared with their output."""
        if self.lengths is None:
            return {"": (self.x, self.plain_loss)}
        numbers = torch.arange(self.x.shape[0])[:, None] < torch.from_numpy(self.lengths)[None, :]
        mask = numbers[:, :, None].float()
        share = 1 / (mask.sum() * self.target.shape[2])
        packed_target = self.packed(self.target).data
        return {
            ", packed": (self.packed(self.x), lambda output: F.mse_loss(output.data, packed_target)),
            ", padded and the loss masked": (self.x, lambda output: ((output - self.target).square() * mask).sum() * share),
        }

    def plain_loss(self, output):
        if "numWords" in self.case:
            return F.cross_entropy(output.flatten(0, 1), self.target.flatten())
        return F.mse_loss(output, self.target)

    def training_variants(self, forms):
        return {
            f"{self.name_of(form)}{how}, {name}": self.training_step(Stack(self.case, self.weights, form), x, loss, options)
            for form in forms
            for how, (x, loss) in self.inputs().items()
            for name, options in {"Adam(fused=True)": {"fused": True}, "Adam": {}}.items()
            # The optimizer is a small part of a step in Python; its faster form is enough.
            if form is None or options
        }

    def training_step(self, model, x, loss_of, options):
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = torch.optim.Adam(weights, lr=1e-3, eps=self.case["adamEpsilon"], **options)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(x))
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    def inference_variants(self, forms):
        variants = {}
        for form in forms:
            for how, (x, _) in self.inputs().items():
                model = Stack(self.case, self.weights, form).eval()
                name = f"{self.name_of(form)}{how}"
                variants[name] = self.inference(model, x)
        return variants

    def inference(self, model, x):
        words = "numWords" in self.case

        def run():
            with torch.inference_mode():
                output = model(x)
                return torch.softmax(output, -1) if words else output

        return run

    def streaming_variants(self, forms):
        return {
            **{self.name_of(form): self.stream(form) for form in forms},
            **({f"nn.{CELL_LAYERS[self.case['cell']].__name__}": self.cell_stream()} if self.has_layer and self.case["cell"] in CELL_LAYERS else {}),
        }

    def stream(self, form):
        layer = Stack(self.case, self.weights, form).eval().layers[0]
        states = None

        def run():
            nonlocal states
            with torch.inference_mode():
                output, states = layer(self.x, states)
                return output

        return run

    def cell_stream(self):
        cell = step_cell(self.case["cell"], self.case["features"], self.case["units"], self.weights)
        x = self.x[0]
        states = None

        def run():
            nonlocal states
            with torch.inference_mode():
                states = cell(x, states)
                return (states[0] if isinstance(states, tuple) else states)[None]

        return run

    def check(self, directory):
        """The outputs before training, or of three streaming steps, and the losses of the first steps; all variants must agree."""
        if is_streaming(self.case):
            outputs = {name: np.concatenate([run().numpy() for _ in range(3)]) for name, run in self.variants.items()}
        elif self.case["mode"] == "train":
            form = None if self.has_layer else next(iter(CUSTOM_CELLS[self.case["cell"]]))
            outputs = {"": self.whole(self.inference(Stack(self.case, self.weights, form).eval(), self.x)())}
        else:
            outputs = {name: self.whole(run()) for name, run in self.variants.items()}
        first = next(iter(outputs.values()))
        file = write_output(directory, "pytorch-output.bin", first)
        for name, output in outputs.items():
            difference = np.abs(output - first).max() / np.abs(first).max()
            if not difference < 2e-5:
                raise RuntimeError(f"{name} computes another output than {next(iter(outputs))}: {difference:.1e}")
        losses = {}
        if self.case["mode"] == "train":
            losses = {name: [run() for _ in range(self.case["checkedSteps"])] for name, run in self.variants.items()}
        return {"outputFile": file, "losses": losses, "variants": list(self.variants)}

    def whole(self, output):
        """[batch, time, columns] with zeros at padding, as a new array."""
        if isinstance(output, packing.PackedSequence):
            output = packing.pad_packed_sequence(output, total_length=self.x.shape[0])[0]
        return clear_padding(output.transpose(0, 1).numpy().copy(), self.lengths)


serve(f"{torch.__version__} CPU ({torch.backends.cpu.get_cpu_capability()}), {NUM_THREADS} threads", PreparedCase)
