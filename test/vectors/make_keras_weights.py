"""Writes keras/weights.json: weights that Keras 3 saved alone (.weights.h5) with the .keras file of the same model, and what it computes.

With the first argument a folder, loads NAME.weights.h5 from it into models made anew and prints how far their outputs are from those.
Files are deflated and in base64; weights are random, sizes differ, numbers are single precision. Run with KERAS_BACKEND=tensorflow."""
import base64
import json
import os
import sys
import tempfile
import zlib

import keras
import numpy as np
from keras import layers as L

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(15)
keras.utils.set_random_seed(15)


def sequential(*layers):
    return keras.Sequential([keras.Input((None, 3)), *layers])


def attending():
    q, v = keras.Input((5, 3), name="query"), keras.Input((4, 3), name="value")
    shared = keras.Sequential([keras.Input((None, 3)), L.GRU(4, return_sequences=True), L.BatchNormalization()], name="shared")
    attended = L.MultiHeadAttention(2, 3, value_dim=5, output_shape=3)(q, shared(v))
    return keras.Model([q, v], [L.LSTM(3)(attended), L.Dense(2)(attended)])


models = {
    # Keras turns the steps round with their mask, and gives the next layer the mask as it was.
    "turned-masks": lambda: sequential(
        L.Masking(),
        L.LSTM(4, go_backwards=True, return_sequences=True),
        L.Dense(3),
        L.GRU(5, go_backwards=True, return_sequences=True, zero_output_for_mask=True),
        L.SimpleRNN(2, return_sequences=True),
        L.GlobalAveragePooling1D(),
    ),
    "both-ways": lambda: sequential(L.Bidirectional(L.LSTM(4, return_sequences=True)), L.TimeDistributed(L.Dense(5)), L.RNN([L.LSTMCell(4), L.GRUCell(2)]), L.Dense(3)),
    "attending": attending,
}


def array(values):
    values = np.asarray(values, dtype=np.float32)
    return {"shape": list(values.shape), "values": [float(f"{v:.7g}") for v in values.reshape(-1).tolist()]}


def computed(model, xs):
    return [np.asarray(each) for each in keras.tree.flatten(model(xs if len(xs) > 1 else xs[0]))]


def packed(model, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model" + ending)
        model.save_weights(path) if ending == ".weights.h5" else model.save(path)
        with open(path, "rb") as file:
            return base64.b64encode(zlib.compress(file.read(), 9)).decode()


if len(sys.argv) > 1:
    with open(os.path.join(here, "keras", "weights.json")) as file:
        cases = json.load(file)["cases"]
    for case in cases:
        model = models[case["name"]]()
        model.load_weights(os.path.join(sys.argv[1], case["name"] + ".weights.h5"))
        got = computed(model, [np.array(x["values"], dtype=np.float32).reshape(x["shape"]) for x in case["inputs"]])
        worst = max(float(np.max(np.abs(g - np.array(w["values"]).reshape(w["shape"])))) for g, w in zip(got, case["outputs"]))
        print(case["name"], "agrees" if worst < 1e-5 else f"differs by {worst}")
    sys.exit()

cases = []
for name, make in models.items():
    model = make()
    for variable in model.variables:
        if "seed" not in variable.path:
            values = rng.normal(size=variable.shape) * 0.6
            variable.assign((np.abs(values) + 0.4 if "variance" in variable.path else values).astype(np.float32))
    xs = [rng.normal(size=(3, *(5 if axis is None else axis for axis in each.shape[1:]))).astype(np.float32) for each in model.inputs]
    if name == "turned-masks":
        xs[0][0, 3:] = 0
        xs[0][1, :2] = 0
        xs[0][2, 1] = 0
    outputs = computed(model, xs)
    cases.append({"name": name, "file": packed(model, ".keras"), "weights": packed(model, ".weights.h5"), "inputs": [array(x) for x in xs], "outputs": [array(y) for y in outputs]})
with open(os.path.join(here, "keras", "weights.json"), "w") as file:
    json.dump({"keras": keras.__version__, "seed": 15, "cases": cases}, file)
    file.write("\n")
