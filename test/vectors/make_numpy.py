"""Writes numpy/files.json: files that NumPy wrote, in base64, and what they hold."""
import base64
import io
import json
import os

import numpy as np
from numpy.lib import format as npy_format

random = np.random.default_rng(20)
here = os.path.dirname(os.path.abspath(__file__))


def saved(array, version=None):
    stream = io.BytesIO()
    npy_format.write_array(stream, array, version=version, allow_pickle=True)
    return stream.getvalue()


def text(data):
    return base64.b64encode(data).decode()


def held(array):
    """Row-major; numbers as texts where JSON cannot hold them."""
    kind = array.dtype.kind
    values = [str(v) if kind in "iu" and array.dtype.itemsize == 8 else float(v) if kind == "f" else int(v) for v in array.ravel(order="C")]
    return {"dtype": array.dtype.newbyteorder("=").name, "shape": list(array.shape), "values": values}


def case(name, array, version=None):
    return {"name": name, "file": text(saved(array, version)), **held(array)}


floats = random.normal(size=(3, 5, 7)).round(4)
whole = random.integers(-100, 100, size=(3, 2))
arrays = [
    *(case(f"{order}f{width}", floats.astype(f"{order}f{width}")) for order in "<>" for width in (2, 4, 8)),
    *(case(f"{order}i{width}", whole.astype(f"{order}i{width}")) for order in "<>" for width in (2, 4, 8)),
    *(case(f"{order}u{width}", abs(whole).astype(f"{order}u{width}")) for order in "<>" for width in (2, 4, 8)),
    case("i1", whole.astype("i1")),
    case("u1", abs(whole).astype("u1")),
    case("bool", whole > 0),
    case("large", np.array([-(2**63), 2**63 - 1], "<i8")),
    case("fortran", np.asfortranarray(floats)),
    case("fortran big endian", np.asfortranarray(floats.astype(">f4"))),
    case("scalar", np.array(2.5)),
    case("one axis", np.arange(5, dtype="<i4")),
    case("empty", np.zeros((0, 3), "<f4")),
    case("version 2", floats[0], (2, 0)),
    case("version 3", floats[0], (3, 0)),
]
refused = [
    ["objects", text(saved(np.array([{}, None], dtype=object)))],
    ["texts", text(saved(np.array(["a", "bc"])))],
    ["records", text(saved(np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")])))],
    ["complex", text(saved(np.zeros(2, dtype="<c8")))],
    ["dates", text(saved(np.zeros(2, dtype="<M8[D]")))],
]


def archive(save):
    stream = io.BytesIO()
    save(stream, x=floats[0].astype("<f4"), labels=whole[:, 0], zeros=np.zeros((40, 9)))
    return text(stream.getvalue())


members = {name: held(array) for name, array in {"x": floats[0].astype("<f4"), "labels": whole[:, 0], "zeros": np.zeros((40, 9))}.items()}
archives = [["stored", archive(np.savez)], ["deflated", archive(np.savez_compressed)]]
with open(f"{here}/numpy/files.json", "w", encoding="utf-8") as out:
    json.dump({"source": f"numpy {np.__version__}, seed 20", "arrays": arrays, "refused": refused, "archives": archives, "members": members}, out)
    out.write("\n")
