"""Writes onnx-files/models.json: whole models as PyTorch's two exporters write them, and loops as tf2onnx writes them.

    python make_onnx_models.py

Each is run with two batch sizes and two lengths; expected are the numbers of ONNX Runtime, which are checked against PyTorch's.
Seed 39.
"""

import base64
import io
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.manual_seed(39)
rng = np.random.default_rng(39)
CASES = {}
FEATURES, UNITS = 3, 5


LATER = []


def write():
    target = Path(__file__).parent / "onnx-files" / "models.json"
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in CASES.items())
    source = f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}"
    target.write_text(f'{{"source": "{source}", "cases": {{\n{lines}\n}}}}\n')


def listed(array):
    data = [float(f"{x:.6g}") for x in np.asarray(array).astype(np.float64).ravel()]
    return {"shape": list(array.shape), "data": [int(x) if x == int(x) else x for x in data]}


def note(name, model, runs, expected=None):
    """Shapes that are noted between nodes are left out, and so is what says where a node came from."""
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
    del model.metadata_props[:], model.graph.metadata_props[:]
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    noted, refused = [], []
    for i, inputs in enumerate(runs):
        try:
            results = session.run(None, inputs)
        except onnxruntime.capi.onnxruntime_pybind11_state.Fail:
            # A size of the traced batch stands in a Reshape.
            refused.append({key: listed(value) for key, value in inputs.items()})
            continue
        if expected is not None:
            for got, wanted in zip(results, expected[i]):
                np.testing.assert_allclose(got, wanted, atol=2e-5, err_msg=name)
        noted.append(
            {
                "inputs": {key: listed(value) for key, value in inputs.items()},
                "outputs": {key: listed(value) for key, value in zip(names, results)},
            }
        )
    CASES[name] = {"model": base64.b64encode(data).decode(), "runs": noted, "refused": refused}
    write()
    print(name, len(data), flush=True)


def flat(results):
    if isinstance(results, torch.Tensor):
        return [results.detach().numpy()]
    return [array for result in results for array in flat(result)]


def exported(name, module, runs, dynamic, kinds=("old", "new")):
    """`runs` are lists of tensors; `dynamic` names, for each of them, its free axes."""
    if "new" in kinds:
        LATER.append(lambda: export(name, module, runs, dynamic, "new"))
    if "old" in kinds:
        export(name, module, runs, dynamic, "old")


def export(name, module, runs, dynamic, kind):
    module.eval()
    names = list("xhc"[: len(runs[0])])
    feeds = [{key: value.numpy() for key, value in zip(names, run)} for run in runs]
    wanted = [flat(module(*run)) for run in runs]
    if kind == "old":
        file = io.BytesIO()
        axes = {key: {axis: label for axis, label in free.items()} for key, free in zip(names, dynamic)}
        torch.onnx.export(
            module, tuple(runs[0]), file, dynamo=False, input_names=names, opset_version=17, dynamic_axes=axes
        )
        model = onnx.load_from_string(file.getvalue())
    else:
        # Given states fix the number of steps in torch.export, so the runs with another are left out there.
        shapes = tuple({axis: torch.export.Dim.AUTO for axis in free} for free in dynamic)
        program = torch.onnx.export(
            module, tuple(runs[0]), dynamo=True, input_names=names, dynamic_shapes=shapes, verbose=False
        )
        model = program.model_proto
    time = model.graph.input[0].type.tensor_type.shape.dim[1]
    fits = [i for i, run in enumerate(runs) if time.dim_value in (0, run[0].shape[1])]
    note(f"{name}, PyTorch's {kind} exporter", model, [feeds[i] for i in fits], [wanted[i] for i in fits])


class Recurrent(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.layer = kind(FEATURES, UNITS, batch_first=True, **options)

    def forward(self, x):
        return self.layer(x)


class Stateful(Recurrent):
    def forward(self, x, h):
        return self.layer(x, h)


class StatefulLSTM(Recurrent):
    def forward(self, x, h, c):
        return self.layer(x, (h, c))


class Packed(Recurrent):
    def forward(self, x, h):
        packed = pack_padded_sequence(x, h, batch_first=True, enforce_sorted=False)
        steps, last = self.layer(packed)
        return pad_packed_sequence(steps, batch_first=True)[0], last


class Convolved(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(FEATURES, 4, 3, padding=1)
        self.normal = nn.BatchNorm1d(4)
        self.normal.running_mean.uniform_(-1, 1)
        self.normal.running_var.uniform_(0.5, 2)
        self.pool = nn.MaxPool1d(2)
        self.layer = nn.GRU(4, UNITS, batch_first=True, bidirectional=True)
        self.layers = nn.LayerNorm(2 * UNITS)
        self.head = nn.Linear(2 * UNITS, 3)

    def forward(self, x):
        x = nn.functional.gelu(self.normal(self.convolution(x.transpose(1, 2))))
        return self.head(self.layers(self.layer(self.pool(x).transpose(1, 2))[0])).log_softmax(-1)


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(FEATURES, 3, batch_first=True, bidirectional=True)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, x):
        steps, _ = self.layer(x)
        attended, _ = self.attention(steps, steps, steps, need_weights=False)
        return attended.mean(1)


class Pooled(nn.Module):
    """Additive attention over the steps of token ids, of which 0 is padding."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(11, FEATURES)
        self.layer = nn.GRU(FEATURES, UNITS, batch_first=True)
        self.score = nn.Linear(UNITS, 1)

    def forward(self, x):
        steps, _ = self.layer(self.table(x))
        scores = self.score(torch.tanh(steps)).squeeze(-1).masked_fill(x == 0, -1e9)
        return torch.einsum("bt,btu->bu", scores.softmax(1), steps)


class Scripted(nn.Module):
    """A cell in a loop of its own, as many steps as there are, which collects its steps in a list."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(FEATURES, UNITS))
        self.recurrent = nn.Parameter(torch.randn(UNITS, UNITS))

    def forward(self, x, h):
        steps = []
        for t in range(x.size(1)):
            h = torch.tanh(x[:, t].matmul(self.kernel) + h.matmul(self.recurrent))
            steps.append(h)
        return torch.stack(steps, 1), h


def x(batch, time):
    return (torch.randn(batch, time, FEATURES) * 1e4).round() / 1e4


def states(count, batch):
    return (torch.randn(count, batch, UNITS) * 1e4).round() / 1e4


SEQUENCE = {0: "batch", 1: "time"}
exported("LSTM of two layers in both directions", Recurrent(nn.LSTM, num_layers=2, bidirectional=True), [[x(3, 6)], [x(1, 4)]], [SEQUENCE])
exported("GRU of two layers", Recurrent(nn.GRU, num_layers=2), [[x(3, 6)], [x(5, 2)]], [SEQUENCE])
exported("RNN with relu", Recurrent(nn.RNN, nonlinearity="relu", bidirectional=True), [[x(3, 5)], [x(1, 7)]], [SEQUENCE], ["old"])
exported("GRU with a state", Stateful(nn.GRU, bidirectional=True), [[x(3, 6), states(2, 3)], [x(2, 5), states(2, 2)], [x(1, 6), states(2, 1)]], [SEQUENCE, {1: "batch"}])
exported("LSTM with states", StatefulLSTM(nn.LSTM), [[x(3, 6), states(1, 3), states(1, 3)], [x(2, 9), states(1, 2), states(1, 2)], [x(5, 6), states(1, 5), states(1, 5)]], [SEQUENCE, {1: "batch"}, {1: "batch"}])
LENGTHS = [[x(3, 6), torch.tensor([4, 6, 2])], [x(2, 5), torch.tensor([1, 5])]]
exported("packed LSTM", Packed(nn.LSTM, bidirectional=True), LENGTHS, [SEQUENCE, {0: "batch"}], ["old"])
exported("packed GRU", Packed(nn.GRU), LENGTHS, [SEQUENCE, {0: "batch"}], ["old"])
exported("convolution, normalisation and pooling", Convolved(), [[x(3, 6)], [x(2, 8)]], [SEQUENCE])
exported("attention of several heads", Attending(), [[x(3, 6)], [x(2, 5)]], [SEQUENCE])
exported("attention over tokens", Pooled(), [[torch.tensor([[3, 7, 1, 2, 0], [9, 2, 4, 0, 0], [1, 5, 10, 4, 8]])], [torch.tensor([[2, 9, 6, 0]])]], [SEQUENCE])
exported("a scripted loop", torch.jit.script(Scripted()), [[x(3, 6), states(1, 3)[0]], [x(2, 4), states(1, 2)[0]]], [SEQUENCE, {0: "batch"}], ["old"])


def drawn(*shape):
    return np.round(rng.standard_normal(shape), 4).astype(np.float32)


def node(outputs, operator, inputs, **attributes):
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), name=f"{operator} {outputs}", **attributes)


def info(name, shape=None, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def gru(inputs):
    """The lines of a GRU whose reset gate acts before the product, of an input xt and a state h0."""
    return [
        node("xk", "MatMul", f"{inputs} kernel"),
        node("xb", "Add", "xk bias"),
        node("xz xr xc", "Split", "xb", axis=1, num_outputs=3),
        node("hk", "MatMul", "h0 recurrent"),
        node("hz hr", "Split", "hk", axis=1, num_outputs=2),
        node("az", "Add", "xz hz"),
        node("z", "Sigmoid", "az"),
        node("ar", "Add", "xr hr"),
        node("r", "Sigmoid", "ar"),
        node("rh", "Mul", "r h0"),
        node("hc", "MatMul", "rh candidate"),
        node("ac", "Add", "xc hc"),
        node("c", "Tanh", "ac"),
        node("less", "Sub", "one z"),
        node("new", "Mul", "less c"),
        node("old", "Mul", "z h0"),
        node("hn", "Add", "old new"),
    ]


WEIGHTS = {
    "kernel": drawn(FEATURES, 3 * UNITS),
    "bias": drawn(3 * UNITS),
    "recurrent": drawn(UNITS, 2 * UNITS),
    "candidate": drawn(UNITS, UNITS),
    "one": np.float32(1),
    "one32": np.int32(1),
    "zero32": np.int32(0),
    "zero": np.int64(0),
    "two": np.array([2], np.int64),
    "front": np.array([0], np.int64),
    "most": np.int64(2**63 - 1),
    "half": np.float32(0.5),
    "limit": np.float32(0.75),
}


def graph_case(name, nodes, inputs, outputs, runs):
    used = {key for line in nodes for key in line.input} | {
        key for line in nodes for attribute in line.attribute for inner in attribute.g.node for key in inner.input
    }
    constants = [numpy_helper.from_array(value, key) for key, value in WEIGHTS.items() if key in used]
    graph = helper.make_graph(nodes, "graph", inputs, [info(key) for key in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    note(name, model, runs)


BODY = helper.make_graph(
    [
        node("xt", "Gather", "timefirst time", axis=0),
        *gru("xt"),
        node("next", "Add", "time one32"),
        node("goes", "Less", "next length"),
        node("output", "Identity", "hn"),
    ],
    "body",
    [info("i", [], TensorProto.INT64), info("on", [], TensorProto.BOOL), info("time", [], TensorProto.INT32), info("h0")],
    [info("goes", [], TensorProto.BOOL), info("next", [], TensorProto.INT32), info("hn"), info("output")],
)
RUNS = [{"x": drawn(3, 6, FEATURES), "h": drawn(3, UNITS)}, {"x": drawn(2, 9, FEATURES), "h": drawn(2, UNITS)}]
INPUTS = [info("x", ["batch", "time", FEATURES]), info("h", ["batch", UNITS])]
graph_case(
    "a GRU in a Loop with a condition, as tf2onnx writes it",
    [
        node("timefirst", "Transpose", "x", perm=[1, 0, 2]),
        node("shape", "Shape", "timefirst"),
        node("length64", "Gather", "shape zero"),
        node("length", "Cast", "length64", to=TensorProto.INT32),
        node("starts", "Less", "zero32 length"),
        node("count last steps", "Loop", "most starts zero32 h", body=BODY),
        node("batchfirst", "Transpose", "steps", perm=[1, 0, 2]),
        node("counted", "Cast", "count", to=TensorProto.FLOAT),
    ],
    INPUTS,
    ["batchfirst", "last", "counted"],
    RUNS,
)


def scanned(backwards):
    body = helper.make_graph(
        [*gru("xt"), node("out", "Identity", "hn"), node("size", "ReduceMax", "hn", keepdims=1), node("n", "Add", "n0 size")],
        "body",
        [info("h0"), info("n0"), info("xt"), info("other")],
        [info("hn"), info("n"), info("out"), info("other2")],
    )
    body.node.append(node("other2", "Mul", "other half"))
    return node(
        f"last{backwards} sum{backwards} steps{backwards} others{backwards}",
        "Scan",
        "h h x x",
        body=body,
        num_scan_inputs=2,
        scan_input_axes=[1, -2],
        scan_input_directions=[backwards, 0],
        scan_output_axes=[1, -1],
        scan_output_directions=[backwards, 1],
    )


graph_case(
    "a GRU in both directions as two Scans",
    [scanned(0), scanned(1), node("steps", "Concat", "steps0 steps1", axis=2)],
    INPUTS,
    ["steps", "last0", "last1", "sum0", "sum1", "others0", "others1"],
    RUNS,
)
inner = helper.make_graph(
    [node("bounded", "Min", "sum limit")], "then", [], [info("bounded")]
)
outer = helper.make_graph([node("same", "Identity", "sum")], "else", [], [info("same")])
ROUND = helper.make_graph(
    [
        node("sum", "Add", "before xi"),
        node("xi", "Gather", "x i", axis=1),
        node("peak", "ReduceMax", "sum", keepdims=0),
        node("above", "Greater", "peak limit"),
        node("after", "If", "above", then_branch=inner, else_branch=outer),
        node("stays", "Identity", "on"),
    ],
    "body",
    [info("i", [], TensorProto.INT64), info("on", [], TensorProto.BOOL), info("before")],
    [info("stays", [], TensorProto.BOOL), info("after")],
)
ROUND.node.insert(0, ROUND.node[1])
del ROUND.node[2]
graph_case(
    "a Loop with an If inside",
    [
        node("shape", "Shape", "x"),
        node("ends", "Gather", "shape front"),
        node("batch", "Squeeze", "ends front"),
        node("start", "Gather", "x zero", axis=1),
        node("last", "Loop", "batch _ start", body=ROUND),
    ],
    INPUTS[:1],
    ["last"],
    [{"x": run["x"]} for run in RUNS],
)

for job in LATER:
    job()
