"""Turns ONNX's backend node tests of RNN, GRU and LSTM into JSON vectors.

Source: onnx/onnx, onnx/backend/test/data/node (Apache-2.0). Run with the folder that holds the twelve test folders:

    python make_onnx.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


def tensor(array: np.ndarray) -> dict:
    return {"shape": list(array.shape), "data": [float(x) for x in array.astype(np.float64).ravel()]}


def read(path: Path) -> np.ndarray:
    proto = onnx.TensorProto()
    proto.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(proto)


def attribute(value: onnx.AttributeProto):
    plain = onnx.helper.get_attribute_value(value)
    if isinstance(plain, bytes):
        return plain.decode()
    if isinstance(plain, list):
        return [item.decode() if isinstance(item, bytes) else item for item in plain]
    return plain


def case(folder: Path) -> dict:
    node = onnx.load(folder / "model.onnx").graph.node[0]
    data = folder / "test_data_set_0"
    present = [name for name in node.input if name]
    inputs = {name: tensor(read(data / f"input_{i}.pb")) for i, name in enumerate(present)}
    wanted = [name for name in node.output if name]
    outputs = {name: tensor(read(data / f"output_{i}.pb")) for i, name in enumerate(wanted)}
    return {
        "source": {"library": "onnx backend node tests", "name": folder.name},
        "operator": node.op_type,
        "attributes": {a.name: attribute(a) for a in node.attribute},
        "inputNames": list(node.input),
        "outputNames": list(node.output),
        "inputs": inputs,
        "expected": outputs,
    }


def main() -> None:
    target = Path(__file__).parent / "onnx"
    target.mkdir(exist_ok=True)
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        if (folder / "model.onnx").exists():
            name = folder.name.removeprefix("test_").replace("_", "-")
            (target / f"{name}.json").write_text(json.dumps(case(folder), separators=(",", ":")) + "\n")


main()
