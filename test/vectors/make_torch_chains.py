"""Writes pytorch/chains.json: modules over the options of torch.nn as files of four kinds, deflated and in base64, the list that says how they run, and what they compute."""
import base64
import copy
import io
import json
import os
import zlib

import safetensors.torch
import torch
from torch import nn

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(39)


def text(module, form):
    stream = io.BytesIO()
    if form == "safetensors":
        stream.write(safetensors.torch.save(module.state_dict()))
    else:
        value = module if form == "module" else dict(module.state_dict())
        torch.save(value, stream, _use_new_zipfile_serialization=form != "legacy")
    return base64.b64encode(zlib.compress(stream.getvalue(), 9)).decode()


def numbers(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.7g}") for v in tensor.detach().double().reshape(-1).tolist()]}


def drawn(*shape):
    return torch.randn(*shape).round(decimals=3)


def prepared(module):
    """Random scales, offsets and running statistics, in place of ones and zeros."""
    for part in module.modules():
        if isinstance(part, (nn.LayerNorm, nn.BatchNorm1d)) and part.weight is not None:
            nn.init.normal_(part.weight)
            if part.bias is not None:
                nn.init.normal_(part.bias)
        if isinstance(part, nn.MultiheadAttention) and part.in_proj_bias is not None:
            nn.init.normal_(part.in_proj_bias)
            nn.init.normal_(part.out_proj.bias)
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.2, 3)
            part.num_batches_tracked.fill_(7)
    return module.eval()


def of_time(layer):
    """Of a module that has features before time."""
    return lambda x: layer(x.transpose(1, 2)).transpose(1, 2)


chains = []


def chain(name, form, modules, layers, forward, inputs, **options):
    """A module of named parts; `forward` is given it and an input. Computed in float64."""
    net = nn.Module()
    for key, part in modules.items():
        net.add_module(key, part)
    prepared(net)
    exact = copy.deepcopy(net).double()
    runs = []
    for x in inputs:
        wide = x if x.dtype == torch.int64 else x.double()
        runs.append({"x": numbers(x), "output": numbers(forward(exact, wide))})
    chains.append({"name": name, "form": form, "file": text(net, form), "layers": layers, "options": options, "runs": runs})


def module(name, **more):
    return {"module": name, **more}


def layer(name, **options):
    return {"layer": name, "options": options}


def conv(name, form, layers, inputs, **options):
    made = nn.Conv1d(**options)
    chain(name, form, {"conv": made}, layers, lambda net, x: of_time(net.conv)(x), inputs)


two = lambda time, features: [drawn(3, time, features), drawn(2, time + 2, features)]

conv("conv, same by a number", "zip", ["conv"], two(7, 3), in_channels=3, out_channels=5, kernel_size=1)
conv("conv, padding that keeps the length", "legacy", [module("conv", options={"padding": 1})], two(5, 3), in_channels=3, out_channels=2, kernel_size=3, padding=1)
conv("conv, stride and padding", "safetensors", [module("conv", options={"stride": 3, "padding": 2})], two(7, 2), in_channels=2, out_channels=5, kernel_size=5, stride=3, padding=2)
conv("conv, same and dilation, one more at the end", "safetensors", [module("conv", options={"dilation": 3, "padding": "same"})], two(7, 3), in_channels=3, out_channels=2, kernel_size=2, dilation=3, padding="same")
conv("conv, groups, no bias", "zip", [module("conv", options={"groups": 3, "padding": 3, "dilation": 2})], two(6, 6), in_channels=6, out_channels=9, kernel_size=3, groups=3, bias=False, padding=3, dilation=2)
chain("batch norm of features", "zip", {"norm": nn.BatchNorm1d(5)}, None, lambda net, x: net.norm(x), [drawn(3, 5), drawn(2, 5)])
chain("batch norm without a scale", "legacy", {"norm": nn.BatchNorm1d(3, affine=False, eps=0.01)}, [module("norm", options={"eps": 0.01})], lambda net, x: net.norm(x), [drawn(3, 3), drawn(2, 3)])
chain("matrices and batch norm", "module", {"fc1": nn.Linear(3, 7, bias=False), "bn": nn.BatchNorm1d(7, momentum=0.3), "fc2": nn.Linear(7, 2)},
      ["fc1", module("bn", options={"momentum": 0.3}), layer("Activation", activation="tanh"), module("fc2", activation="softmax")],
      lambda net, x: net.fc2(torch.tanh(net.bn(net.fc1(x)))).softmax(-1), [drawn(3, 3), drawn(2, 3)])


def attention(name, form, layers, inputs, mask=False, **options):
    made = nn.MultiheadAttention(batch_first=True, **options)

    def forward(net, x):
        hidden = nn.Transformer.generate_square_subsequent_mask(x.shape[1]).double() if mask else None
        return net.attention(x, x, x, attn_mask=hidden, need_weights=False)[0]

    chain(name, form, {"attention": made}, layers, forward, inputs)


attention("attention", "zip", [module("attention", options={"num_heads": 2})], two(5, 6), embed_dim=6, num_heads=2)
attention("attention without a bias", "legacy", [module("attention", options={"num_heads": 3})], two(4, 9), embed_dim=9, num_heads=3, bias=False)
attention("attention to earlier steps", "safetensors", [module("attention", options={"num_heads": 1, "is_causal": True})], two(5, 3), mask=True, embed_dim=3, num_heads=1)
chain("words, convolution, batch norm, pooling, LSTM, last step", "module",
      {"words": nn.Embedding(11, 5), "conv": nn.Conv1d(5, 6, 3, padding=1), "norm": nn.BatchNorm1d(6), "lstm": nn.LSTM(6, 5, num_layers=2, bidirectional=True, proj_size=2, batch_first=True), "head": nn.Linear(4, 3)},
      ["words", module("conv", options={"padding": 1}), "norm", layer("Activation", activation="relu"), layer("MaxPooling1D", poolSize=2), "lstm", module("head", activation="sigmoid")],
      lambda net, x: torch.sigmoid(net.head((lambda o: torch.cat([o[:, -1, :2], o[:, 0, 2:]], -1))(net.lstm(of_time(lambda y: nn.functional.max_pool1d(torch.relu(net.norm(net.conv(y))), 2))(net.words(x)))[0]))),
      [torch.randint(0, 11, (3, 7)), torch.randint(0, 11, (2, 6))], returnSequences=False)
chain("convolution, flattened", "zip", {"conv": nn.Conv1d(3, 5, 2, stride=2), "head": nn.Linear(15, 2)},
      [module("conv", kind="Conv1d", activation="relu", options={"stride": 2}), layer("Permute", dims=[2, 1]), layer("Flatten"), "head"],
      lambda net, x: net.head(torch.flatten(torch.relu(net.conv(x.transpose(1, 2))), 1)), [drawn(3, 7, 3), drawn(2, 7, 3)], timesteps=7)
chain("GRUs, layer norm with its epsilon", "legacy", {"gru": nn.GRU(3, 5, num_layers=3, bias=False, batch_first=True), "norm": nn.LayerNorm(5, eps=0.03), "head": nn.Linear(5, 2, bias=False)},
      ["gru", module("norm", options={"eps": 0.03}), module("head", kind="Linear")],
      lambda net, x: net.head(net.norm(net.gru(x)[0])), two(5, 3))
chain("layer norm without an offset", "safetensors", {"norm": nn.LayerNorm(7, bias=False)}, None, lambda net, x: net.norm(x), [drawn(3, 7), drawn(2, 7)])
chain("relu RNN of three layers, both directions", "safetensors", {"rnn": nn.RNN(2, 3, num_layers=3, bidirectional=True, nonlinearity="relu", batch_first=True)},
      [module("rnn", activation="relu")], lambda net, x: net.rnn(x)[0], two(5, 2))
chain("LSTM, last step, a linear layer", "module", {"lstm": nn.LSTM(3, 5, bias=False, batch_first=True), "head": nn.Linear(5, 2)}, None,
      lambda net, x: net.head(net.lstm(x)[0][:, -1]), two(5, 3), returnSequences=False)
chain("two LSTMs, of which the first gives its last state", "zip", {"encoder": nn.LSTM(3, 2, batch_first=True), "decoder": nn.GRU(2, 3, bidirectional=True, batch_first=True)},
      [module("encoder", returnSequences=False), layer("RepeatVector", n=3), "decoder"],
      lambda net, x: net.decoder(net.encoder(x)[0][:, -1:].repeat(1, 3, 1))[0], two(5, 3))
chain("words, attention, batch norm, mean", "legacy", {"words": nn.Embedding(7, 6), "attention": nn.MultiheadAttention(6, 3, batch_first=True), "norm": nn.BatchNorm1d(6), "head": nn.Linear(6, 1)},
      ["words", module("attention", options={"num_heads": 3}), "norm", layer("GlobalAveragePooling1D"), "head"],
      lambda net, x: net.head(of_time(net.norm)((lambda e: net.attention(e, e, e, need_weights=False)[0])(net.words(x))).mean(1)),
      [torch.randint(0, 7, (3, 5)), torch.randint(0, 7, (2, 4))])
chain("GRU, convolution, greatest", "safetensors", {"gru": nn.GRU(3, 5, batch_first=True), "conv": nn.Conv1d(5, 7, 3), "head": nn.Linear(7, 2)},
      ["gru", module("conv", activation="relu"), layer("GlobalMaxPooling1D"), "head"],
      lambda net, x: net.head(torch.relu(net.conv(net.gru(x)[0].transpose(1, 2))).amax(2)), two(5, 3))

crosses = []
for name, options in {
    "one matrix": {"embed_dim": 6, "num_heads": 2},
    "three matrices": {"embed_dim": 6, "num_heads": 3, "kdim": 5, "vdim": 7},
    "three matrices, no bias": {"embed_dim": 4, "num_heads": 2, "vdim": 3, "bias": False},
}.items():
    net = nn.Module()
    net.add_module("attention", nn.MultiheadAttention(batch_first=True, **options))
    prepared(net)
    width = options["embed_dim"]
    exact = copy.deepcopy(net).double()
    runs = []
    for batch, queries, keys in ((3, 5, 4), (2, 3, 7)):
        q, k, v = drawn(batch, queries, width), drawn(batch, keys, options.get("kdim", width)), drawn(batch, keys, options.get("vdim", width))
        output = exact.attention(q.double(), k.double(), v.double(), need_weights=False)[0]
        runs.append({"query": numbers(q), "key": numbers(k), "value": numbers(v), "output": numbers(output)})
    crosses.append({"name": name, "numHeads": options["num_heads"], "width": width, "bias": options.get("bias", True), "file": text(net, "zip"), "runs": runs})


def recurrent(name, form, rnn, has_cell=False):
    """From initial states that are not zero, as in models.json."""
    exact = copy.deepcopy(rnn).double()
    runs = []
    for batch, time in ((3, 5), (2, 4)):
        x = drawn(batch, time, rnn.input_size)
        widths = [rnn.proj_size or rnn.hidden_size] + ([rnn.hidden_size] if has_cell else [])
        initial = [drawn(rnn.num_layers * (2 if rnn.bidirectional else 1), batch, width) for width in widths]
        output, final = exact(x.double(), tuple(s.double() for s in initial) if has_cell else initial[0].double())
        runs.append({"x": numbers(x), "initial": [numbers(s) for s in initial], "output": numbers(output), "final": [numbers(s) for s in (final if has_cell else [final])]})
    return {"name": name, "form": form, "file": text(rnn, form), "runs": runs}


recurrents = [
    recurrent("gru of three layers without a bias", "legacy", nn.GRU(2, 3, num_layers=3, bias=False, batch_first=True)),
    recurrent("gru, both directions", "module", nn.GRU(3, 2, bidirectional=True, batch_first=True)),
    recurrent("lstm, projection, both directions, no bias", "safetensors", nn.LSTM(2, 5, proj_size=3, bidirectional=True, bias=False, batch_first=True), True),
    recurrent("rnn, both directions, two layers", "legacy", nn.RNN(2, 3, num_layers=2, bidirectional=True, batch_first=True)),
]
with open(f"{here}/pytorch/chains.json", "w", encoding="utf-8") as out:
    json.dump({"source": f"torch {torch.__version__}, safetensors {safetensors.__version__}, seed 39", "chains": chains, "crosses": crosses, "recurrent": recurrents}, out, separators=(",", ":"))
    out.write("\n")
