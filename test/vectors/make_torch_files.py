"""Writes pytorch/files.json and pytorch/models.json: files that torch.save wrote, in base64, what they hold and what their modules compute."""
import base64
import collections
import copy
import io
import json
import os
import pickle
import zipfile

import torch
from torch import nn

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20)


def saved(value, **options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def text(data):
    return base64.b64encode(data).decode()


def held(tensor):
    values = tensor.reshape(-1).tolist()
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": [str(v) if tensor.dtype == torch.int64 else v if tensor.is_floating_point() else int(v) for v in values]}


def case(name, value, tensors, key=None, **options):
    return {"name": name, "file": text(saved(value, **options)), "key": key, "tensors": {k: held(v.detach()) for k, v in tensors.items()}}


def big_endian(state):
    """The archive as a big-endian machine writes it: every storage turned round, value by value."""
    result = io.BytesIO()
    sizes = {str(i): tensor.element_size() for i, tensor in enumerate(state.values())}
    with zipfile.ZipFile(io.BytesIO(saved(state))) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("/byteorder"):
                data = b"big"
            if "/data/" in name:
                size = sizes[name.split("/")[-1]]
                data = b"".join(data[i : i + size][::-1] for i in range(0, len(data), size))
            target.writestr(name, data)
    return result.getvalue()


class Deed:
    def __reduce__(self):
        return os.system, ("touch /tmp/rondo-must-not-exist",)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(4, 3)
        self.gru = nn.GRU(3, 2)
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("passing", torch.zeros(5), persistent=False)


module = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
state = module.state_dict()
tagger = Tagger()
base = torch.arange(24, dtype=torch.float32)
views = {
    "turned": base.reshape(4, 6).t(),
    "part": base.reshape(4, 6)[1:3, ::2],
    "spread": base[3:5].reshape(2, 1).expand(2, 3),
    "scalar": torch.tensor(2.5, dtype=torch.float64),
    "empty": torch.zeros(0, 3),
}
types = {str(t).removeprefix("torch."): torch.tensor([0, 1, 3]).to(t) for t in (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool, torch.uint16)}
shared = nn.Linear(2, 2, bias=False)
tied = collections.OrderedDict(a=shared.weight, b=shared.weight)
ordered = {"half": torch.tensor([1.5, -2.0]).half(), "single": torch.tensor([[1.5, 2.25]]), "whole": torch.tensor([1, -2])}
files = [
    case("state dict", state, state),
    case("state dict, before 1.6", state, state, _use_new_zipfile_serialization=False),
    case("state dict, protocol 4", state, state, pickle_protocol=4),
    case("module", tagger, tagger.state_dict()),
    case("module, before 1.6", tagger, tagger.state_dict(), _use_new_zipfile_serialization=False),
    case("checkpoint", {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"state": {0: {"exp_avg": torch.zeros(2)}}}}, state),
    case("checkpoint by key", {"generator": state, "critic": {"weight": torch.ones(2)}}, {"weight": torch.ones(2)}, key="critic"),
    case("parameters", {"w": nn.Parameter(torch.ones(2, 2))}, {"w": torch.ones(2, 2)}),
    case("one tensor", torch.ones(3), {"tensor": torch.ones(3)}),
    case("views", views, views),
    case("types", types, types),
    case("tied", tied, tied),
    {**case("big endian", ordered, ordered), "file": text(big_endian(ordered))},
]
refused = [
    ["a program", text(saved({"w": Deed()}))],
    ["no tensors", text(saved({"epoch": 3}))],
    ["two models", text(saved({"generator": state, "critic": state}))],
    ["another pickle", text(pickle.dumps({"a": 1}, protocol=2))],
]
with open(f"{here}/pytorch/files.json", "w", encoding="utf-8") as out:
    json.dump({"source": f"torch {torch.__version__}, seed 20", "files": files, "refused": refused}, out)
    out.write("\n")


def numbers(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.9g}") for v in tensor.detach().double().reshape(-1).tolist()]}


def recurrent(name, make, has_cell=False):
    """What a recurrent module gives for two batches, from initial states that are not zero; computed in float64."""
    rnn = make()
    exact = copy.deepcopy(rnn).double()
    runs = []
    directions = 2 if rnn.bidirectional else 1
    for batch, time in ((3, 5), (2, 4)):
        x = torch.randn(batch, time, rnn.input_size).round(decimals=4).double()
        widths = [rnn.proj_size or rnn.hidden_size] + ([rnn.hidden_size] if has_cell else [])
        initial = [torch.randn(rnn.num_layers * directions, batch, width).round(decimals=4).double() for width in widths]
        output, final = exact(x, tuple(initial) if has_cell else initial[0])
        finals = list(final) if has_cell else [final]
        runs.append({"x": numbers(x), "initial": [numbers(s) for s in initial], "output": numbers(output), "final": [numbers(s) for s in finals]})
    return {"name": name, "file": text(saved(collections.OrderedDict(rnn.state_dict()))), "runs": runs}


odd = {"batch_first": True}
recurrents = [
    recurrent("rnn tanh", lambda: nn.RNN(7, 5, **odd)),
    recurrent("rnn relu", lambda: nn.RNN(7, 5, nonlinearity="relu", **odd)),
    recurrent("rnn two layers", lambda: nn.RNN(3, 5, num_layers=2, **odd)),
    recurrent("lstm", lambda: nn.LSTM(7, 5, **odd), True),
    recurrent("lstm no bias", lambda: nn.LSTM(3, 5, bias=False, **odd), True),
    recurrent("lstm two layers bidirectional", lambda: nn.LSTM(3, 5, num_layers=2, bidirectional=True, **odd), True),
    recurrent("lstm projection", lambda: nn.LSTM(3, 5, proj_size=2, **odd), True),
    recurrent("lstm projection two layers bidirectional", lambda: nn.LSTM(3, 5, num_layers=2, bidirectional=True, proj_size=2, **odd), True),
    recurrent("gru", lambda: nn.GRU(7, 5, **odd)),
    recurrent("gru two layers bidirectional", lambda: nn.GRU(3, 5, num_layers=2, bidirectional=True, **odd)),
]


class Chain(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 5, bidirectional=True, batch_first=True)
        self.norm = nn.LayerNorm(10)
        self.head = nn.Linear(10, 3)

    def forward(self, x):
        return self.head(self.norm(self.lstm(self.words(x))[0]))


chain = Chain()
with torch.no_grad():
    chain.norm.weight.normal_()
    chain.norm.bias.normal_()
ids = torch.randint(0, 11, (3, 5))
deep = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
points = torch.randn(3, 3).round(decimals=4)
models = [
    {"name": "chain", "file": text(saved(chain.state_dict())), "x": numbers(ids), "output": numbers(copy.deepcopy(chain).double()(ids))},
    {"name": "deep", "file": text(saved(deep.state_dict())), "x": numbers(points), "output": numbers(copy.deepcopy(deep).double()(points.double()))},
]
with open(f"{here}/pytorch/models.json", "w", encoding="utf-8") as out:
    json.dump({"source": f"torch {torch.__version__}, seed 20", "recurrent": recurrents, "models": models}, out)
    out.write("\n")
