"""Writes onnx-files/operators.json: graphs of single operators, and what ONNX Runtime gives for them.

    python make_onnx_operators.py

Seed 38. Each case lists nodes as `outputs = Operator(inputs) {attributes}`.
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(38)
CASES = {}


def drawn(*shape):
    return np.round(rng.standard_normal(shape), 4).astype(np.float32)


def ints(*values, dtype=np.int64):
    return np.array(values, dtype=dtype)


def node(outputs, operator, inputs, **attributes):
    domain = attributes.pop("domain", "")
    names = [("" if name == "_" else name) for name in inputs.split()]
    given = [("" if name == "_" else name) for name in outputs.split()]
    return helper.make_node(operator, names, given, name=f"{operator} {given[0]}", domain=domain, **attributes)


def edge(name, array):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), [f"{name}{i}" for i in range(array.ndim)])


def listed(array):
    data = [float(f"{x:.7g}") for x in array.astype(np.float64).ravel()]
    return {"shape": list(array.shape), "data": [int(x) if x == int(x) else x for x in data]}


def case(name, nodes, outputs, inputs, constants=None, version=21):
    """Outputs that are no floats are cast in the graph."""
    nodes = list(nodes)
    wanted = []
    for output in outputs.split():
        nodes.append(node(f"{output}_", "Cast", output, to=TensorProto.FLOAT))
        wanted.append(helper.make_empty_tensor_value_info(f"{output}_"))
    graph = helper.make_graph(
        nodes,
        "graph",
        [edge(key, value) for key, value in inputs.items()],
        wanted,
        [numpy_helper.from_array(value, key) for key, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", version), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    # Types and shapes are ONNX Runtime's to find; graphs need those of their outputs.
    model = onnx.shape_inference.infer_shapes(model)
    for output in model.graph.output:
        output.type.tensor_type.elem_type = TensorProto.FLOAT
    del model.graph.value_info[:]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(None, inputs)
    CASES[name] = {
        "model": base64.b64encode(model.SerializeToString()).decode(),
        "inputs": {key: listed(value) for key, value in inputs.items()},
        "outputs": {f"{key}_": listed(value) for key, value in zip(outputs.split(), results)},
    }


X = drawn(3, 5, 7)  # [batch, time, features]
IMAGE = drawn(2, 3, 5, 4)

case(
    "functions",
    [
        node(f"y{i}", operator, "x", **attributes)
        for i, (operator, attributes) in enumerate(
            [
                ("Gelu", {}),
                ("Gelu", {"approximate": "tanh"}),
                ("Mish", {}),
                ("HardSwish", {}),
                ("Celu", {"alpha": 0.7}),
                ("Selu", {}),
                ("Selu", {"alpha": 1.5, "gamma": 0.9}),
                ("ThresholdedRelu", {"alpha": 0.3}),
                ("Round", {}),
                ("Floor", {}),
                ("Ceil", {}),
                ("Sin", {}),
                ("Cos", {}),
                ("IsNaN", {}),
                ("IsInf", {"detect_negative": 0}),
            ]
        )
    ],
    " ".join(f"y{i}" for i in range(15)),
    {"x": np.concatenate([drawn(3, 7) * 3, np.array([[1.5, 2.5, -0.5, -1.5, 100.25, -731.5, 0]], np.float32)])},
)
case(
    "several numbers",
    [
        node("sum", "Sum", "x x row"),
        node("mean", "Mean", "x row one"),
        node("rest", "Mod", "x row", fmod=1),
        node("whole", "Mod", "a b"),
        node("cwhole", "Mod", "a b", fmod=1),
        node("bent", "PRelu", "x row"),
        node("like", "CastLike", "x a"),
        node("power", "Pow", "x two"),
        node("flag1", "Less", "x row"),
        node("flag2", "Less", "row x"),
        node("either", "Xor", "flag1 flag2"),
    ],
    "sum mean rest whole cwhole bent like power either",
    {"x": X * 2, "a": ints(7, -7, 7, -7, 6)},
    {"row": drawn(7), "one": drawn(1), "b": ints(3, 3, -3, -3, 3), "two": np.float32(2)},
)
case(
    "reductions",
    [
        node("l1", "ReduceL1", "x axes"),
        node("l2", "ReduceL2", "x outer", keepdims=0),
        node("squares", "ReduceSumSquare", "x axes", keepdims=0),
        node("sizes", "Abs", "x"),
        node("logs", "ReduceLogSum", "sizes axes"),
        node("exps", "ReduceLogSumExp", "x axes", keepdims=0),
        node("sum", "ReduceSum", "x outer"),
        node("most", "ReduceMax", "x outer", keepdims=0),
        node("least", "ArgMin", "x", axis=-2, keepdims=0),
        node("running", "CumSum", "x one"),
        node("before", "CumSum", "x one", exclusive=1, reverse=1),
        node("counted", "CumSum", "a zero", reverse=1),
        node("length", "LpNormalization", "x", axis=1, p=2),
    ],
    "l1 l2 squares logs exps sum most least running before counted length",
    {"x": X, "a": ints(3, 1, 4, 1, 5)},
    {"axes": ints(1, 2), "outer": ints(0, 2), "one": np.int64(1), "zero": np.int64(0)},
)
case(
    "places",
    [
        node("elements", "GatherElements", "x e", axis=1),
        node("rows", "GatherND", "x nd"),
        node("batched", "GatherND", "x bnd", batch_dims=1),
        node("written", "ScatterElements", "x e u", axis=1),
        node("added", "ScatterElements", "x e u", axis=1, reduction="add"),
        node("most", "ScatterElements", "x e u", axis=-2, reduction="max"),
        node("rowswritten", "ScatterND", "x nd v"),
        node("rowsadded", "ScatterND", "x same v", reduction="add"),
        node("rowstimes", "ScatterND", "x same v", reduction="mul"),
        node("some", "Compress", "x flags", axis=1),
        node("flat", "Compress", "x manyflags"),
        node("nonzero", "NonZero", "x"),
        node("hot", "OneHot", "ids depth values", axis=1),
        node("hotlast", "OneHot", "ids depth wholes"),
        node("top places", "TopK", "x k", axis=1),
        node("low lowplaces", "TopK", "a k2", axis=0, largest=0),
        node("turned", "ReverseSequence", "x lengths", batch_axis=0, time_axis=1),
        node("timefirst", "ReverseSequence", "x lengths5", batch_axis=1, time_axis=0),
        node("upper", "Trilu", "x"),
        node("lower", "Trilu", "x minus", upper=0),
    ],
    "elements rows batched written added most rowswritten rowsadded rowstimes some flat nonzero hot hotlast top places low lowplaces "
    "turned timefirst upper lower",
    {"x": X, "a": ints(3, 1, 4, 1, 5), "ids": ints([0, 2, -1], [9, 3, 1])},
    {
        "e": rng.integers(-5, 5, (2, 3, 7)),
        "u": drawn(2, 3, 7),
        "nd": ints([0, 1], [-1, 4]),
        "bnd": ints([[1], [0]], [[4], [-2]], [[2], [2]]),
        "same": ints([2, 1], [2, 1]),
        "v": drawn(2, 7),
        "flags": np.array([True, False, True]),
        "manyflags": rng.integers(0, 2, 40).astype(bool),
        "depth": np.int64(5),
        "values": np.array([0.25, 2.5], np.float32),
        "wholes": ints(0, 1),
        "k": ints(2),
        "k2": ints(3),
        "lengths": ints(3, 5, 1),
        "lengths5": ints(3, 2, 1, 3, 2),
        "minus": np.int64(-1),
    },
)
case(
    "windows",
    [
        node("most", "MaxPool", "image", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0]),
        node("up", "MaxPool", "image", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("spread", "MaxPool", "image", kernel_shape=[2, 2], dilations=[2, 1]),
        node("mean", "AveragePool", "image", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0]),
        node("padded", "AveragePool", "image", kernel_shape=[3, 2], pads=[1, 1, 1, 0], count_include_pad=1),
        node("same", "AveragePool", "image", kernel_shape=[2, 2], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("line", "MaxPool", "x", kernel_shape=[2], strides=[2]),
        node("all", "GlobalAveragePool", "image"),
        node("allmost", "GlobalMaxPool", "x"),
        node("open", "ConvTranspose", "image kernel bias", strides=[2, 1], pads=[1, 0, 0, 1], output_padding=[1, 0]),
        node("groups", "ConvTranspose", "image gkernel", group=3, dilations=[1, 2]),
        node("upper", "ConvTranspose", "image kernel", strides=[2, 2], auto_pad="SAME_UPPER"),
        node("shaped", "ConvTranspose", "image kernel", strides=[2, 2], output_shape=[10, 9]),
        node("depth", "Conv", "image dkernel", group=3, pads=[1, 1, 1, 1]),
        node("filled", "Pad", "x pads seven"),
        node("wrapped", "Pad", "x pads", mode="wrap"),
        node("reflected", "Pad", "x pads", mode="reflect"),
    ],
    "most up spread mean padded same line all allmost open groups upper shaped depth filled wrapped reflected",
    {"image": IMAGE, "x": X},
    {
        "kernel": drawn(3, 2, 3, 2),
        "bias": drawn(2),
        "gkernel": drawn(3, 2, 2, 2),
        "dkernel": drawn(3, 1, 3, 3),
        "pads": ints(0, 2, 1, 1, 0, 3),
        "seven": np.float32(7.5),
    },
)
resizes = [
    ("nearest", {}),
    ("nearest", {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    ("nearest", {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "round_prefer_ceil"}),
    ("nearest", {"coordinate_transformation_mode": "align_corners", "nearest_mode": "ceil"}),
    ("linear", {}),
    ("linear", {"coordinate_transformation_mode": "align_corners"}),
    ("linear", {"coordinate_transformation_mode": "pytorch_half_pixel"}),
    ("linear", {"coordinate_transformation_mode": "asymmetric"}),
]
case(
    "resized",
    [node(f"s{i}", "Resize", "image _ scales", mode=mode, **more) for i, (mode, more) in enumerate(resizes)]
    + [node(f"z{i}", "Resize", "image _ _ sizes", mode=mode, **more) for i, (mode, more) in enumerate(resizes)]
    + [node("line", "Resize", "x _ lscales", mode="linear")],
    " ".join(f"{kind}{i}" for kind in "sz" for i in range(8)) + " line",
    {"image": IMAGE[:1, :1, :4, :3], "x": X[:1]},
    {
        "scales": np.array([1, 1, 1.7, 2], np.float32),
        "lscales": np.array([1, 1, 2], np.float32),
        "sizes": ints(1, 1, 3, 7),
    },
)
case(
    "normal numbers",
    [
        node("layers mean factor", "LayerNormalization", "x scale2 shift2", axis=1),
        node("plain", "LayerNormalization", "x scale", axis=-1, epsilon=1e-2),
        node("instance", "InstanceNormalization", "image s3 b3"),
        node("group", "GroupNormalization", "wide s6 b6", num_groups=3, epsilon=1e-3),
    ],
    "layers mean factor plain instance group",
    {"x": X, "image": IMAGE, "wide": drawn(2, 6, 5)},
    {
        "scale2": drawn(5, 7),
        "shift2": drawn(5, 7),
        "scale": drawn(7),
        "s3": drawn(3),
        "b3": drawn(3),
        "s6": drawn(6),
        "b6": drawn(6),
    },
)
case("root mean square", [node("y", "RMSNormalization", "x scale", axis=-1)], "y", {"x": X}, {"scale": drawn(7)}, 23)
case(
    "einsum",
    [
        node("a", "Einsum", "x y", equation="bij,bjk->bik"),
        node("b", "Einsum", "x row", equation="bij,j->bi"),
        node("c", "Einsum", "x", equation="bij->jb"),
        node("d", "Einsum", "x x", equation="bij,bkj->bik"),
        node("e", "Einsum", "x y row", equation="bij,bjk,j->bk"),
        node("f", "Einsum", "x y", equation="...ij,...jk->...ik"),
        node("g", "Einsum", "x y", equation="bij,cjk"),
        node("h", "Einsum", "row column", equation="i,j->ij"),
        node("i", "Einsum", "x w", equation="bth,hnd->bntd"),
    ],
    "a b c d e f g h i",
    {"x": X, "y": drawn(3, 7, 2)},
    {"row": drawn(7), "column": drawn(3), "w": drawn(7, 2, 3)},
)
case(
    "sequences",
    [
        node("empty", "SequenceEmpty", ""),
        node("one", "SequenceInsert", "empty x"),
        node("two", "SequenceInsert", "one y"),
        node("three", "SequenceInsert", "two y zero"),
        node("joined", "ConcatFromSequence", "three", axis=1),
        node("made", "SequenceConstruct", "x x2"),
        node("stacked", "ConcatFromSequence", "made", axis=1, new_axis=1),
        node("parts", "SplitToSequence", "x lengths", axis=1),
        node("last", "SequenceAt", "parts minus"),
        node("halves", "SplitToSequence", "x two2", axis=2),
        node("half", "SequenceAt", "halves zero"),
        node("singles", "SplitToSequence", "x", axis=1, keepdims=0),
        node("single", "SequenceAt", "singles one1"),
        node("less", "SequenceErase", "singles zero"),
        node("count", "SequenceLength", "less"),
    ],
    "joined stacked last half single count",
    {"x": X, "y": drawn(3, 2, 7), "x2": drawn(3, 5, 7)},
    {"zero": np.int64(0), "one1": np.int64(1), "minus": np.int64(-1), "lengths": ints(1, 3, 1), "two2": np.int64(3)},
)

QUERY, MEMORY = drawn(2, 4, 6), drawn(2, 5, 6)
case(
    "attention",
    [
        node("plain", "Attention", "q k k", q_num_heads=3, kv_num_heads=3),
        node("causal", "Attention", "q q q", q_num_heads=2, kv_num_heads=2, is_causal=1, scale=0.7),
        node("masked", "Attention", "q k k mask", q_num_heads=3, kv_num_heads=3),
        node("biased", "Attention", "q k k bias", q_num_heads=2, kv_num_heads=2, softcap=0.5),
        node("heads", "Attention", "q4 k4 v4"),
        node("grown keys values", "Attention", "q4 k4 v4 _ past past"),
    ],
    "plain causal masked biased heads grown keys values",
    {"q": QUERY, "k": MEMORY, "q4": drawn(2, 4, 3, 5), "k4": drawn(2, 2, 4, 5), "v4": drawn(2, 2, 4, 5), "past": drawn(2, 2, 3, 5)},
    {"mask": np.array([[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 0, 0, 0], [1, 1, 0, 1, 1]], bool), "bias": drawn(4, 5)},
    23,
)
case(
    "whole numbers for floats",
    [
        node("xq xs xz", "DynamicQuantizeLinear", "x"),
        node("whole", "MatMulInteger", "xq w xz wz"),
        node("factor", "Mul", "xs ws"),
        node("wholes", "Cast", "whole", to=TensorProto.FLOAT),
        node("result", "Mul", "wholes factor"),
        node("back", "DequantizeLinear", "xq xs xz"),
        node("columns", "DequantizeLinear", "w cs cz", axis=1),
        node("q", "QuantizeLinear", "x qs qz"),
        node("each", "QuantizeLinear", "x es ez", axis=-1),
        node("product", "QLinearMatMul", "q qs qz w ws wz ps pz"),
    ],
    "xq xz whole result back columns q each product",
    {"x": X},
    {
        "w": rng.integers(-128, 128, (7, 4)).astype(np.int8),
        "wz": np.int8(3),
        "ws": np.float32(0.02),
        "cs": np.array([0.01, 0.02, 0.03, 0.04], np.float32),
        "cz": ints(1, -2, 3, 0, dtype=np.int8),
        "qs": np.float32(0.03),
        "qz": np.uint8(100),
        "es": np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07], np.float32),
        "ez": ints(1, -2, 3, 0, 5, 7, -9, dtype=np.int8),
        "ps": np.float32(0.05),
        "pz": np.uint8(120),
    },
)

target = Path(__file__).parent / "onnx-files" / "operators.json"
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in CASES.items())
source = f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}"
target.write_text(f'{{"source": "{source}", "cases": {{\n{lines}\n}}}}\n')
