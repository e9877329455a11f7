"""Keras 3 on TensorFlow, timed on request by bench/compare.ts.

Reads one JSON request a line from standard input and answers with one JSON line on standard output:

    {"request": "describe"}
    {"request": "prepare", "case": {...}, "directory": "..."}  builds the model from the shared weights, returns losses and output
    {"request": "measure", "variant": "...", "repeats": 3}     runs one variant of the prepared case
    {"request": "close"}

TensorFlow runs on one thread. Every way that Keras offers to run the same step is a variant; the comparison takes the
fastest. Requirements: keras >= 3.4, tensorflow >= 2.16.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

# Answers go to the real standard output; whatever libraries print goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

try:
    import keras
    import numpy as np
    import tensorflow as tf
except ImportError as missing:
    print(json.dumps({"missing": f"{sys.executable} cannot import {missing.name}"}), file=answers, flush=True)
    sys.exit(0)

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

LAYERS = {
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gruResetBefore": lambda *args, **options: keras.layers.GRU(*args, reset_after=False, **options),
    "simple": keras.layers.SimpleRNN,
}


class Unsupported(Exception):
    """The case has no counterpart in Keras."""


class PreparedCase:
    """One model with the shared weights, and the ways to run it."""

    def __init__(self, case, directory):
        self.case = case
        with open(os.path.join(directory, "arrays.json"), encoding="utf-8") as file:
            listed = json.load(file)
        values = np.fromfile(os.path.join(directory, "arrays.bin"), dtype="<f4")
        arrays = {a["name"]: values[a["offset"] : a["offset"] + a["size"]].reshape(a["shape"]) for a in listed}
        self.x, self.target = arrays["input"], arrays["target"]
        self.tensors = (tf.constant(self.x), tf.constant(self.target))
        self.weights = [array for name, array in arrays.items() if name not in ("input", "target")]
        self.model = self.build()
        if case["mode"] == "train":
            self.variants = self.training_variants()
        else:
            self.variants = self.inference_variants()

    @property
    def is_streaming(self):
        return self.case["mode"] == "infer" and self.case["timesteps"] == 1

    def build(self, unroll=False):
        case = self.case
        if case["cell"] not in LAYERS:
            raise Unsupported(f"it has no layer for the cell {case['cell']}")
        make = LAYERS[case["cell"]]
        model = keras.Sequential([keras.Input(batch_shape=self.x.shape)])
        for _ in range(case["layers"]):
            model.add(make(case["units"], return_sequences=True, stateful=self.is_streaming, unroll=unroll))
        model.set_weights(self.weights)
        return model

    def adam(self):
        return keras.optimizers.Adam(1e-3, epsilon=self.case["adamEpsilon"])

    def compiled(self, jit, unroll=False):
        model = self.build(unroll)
        model.compile(optimizer=self.adam(), loss="mean_squared_error", jit_compile=jit)
        return model

    def training_variants(self):
        x, target = self.x, self.target
        usual, jitted = self.compiled("auto"), self.compiled(True)
        return {
            "train_on_batch": lambda: float(usual.train_on_batch(x, target)),
            "train_on_batch, jit_compile=True": lambda: float(jitted.train_on_batch(x, target)),
            "tf.function step": self.graph_step(with_input_gradient=False),
            "tf.function step with the input's gradient": self.graph_step(with_input_gradient=True),
        }

    def graph_step(self, with_input_gradient):
        model, optimizer = self.build(), self.adam()
        weights = model.trainable_variables
        optimizer.build(weights)

        @tf.function
        def step(x, target):
            with tf.GradientTape() as tape:
                if with_input_gradient:
                    tape.watch(x)
                loss = tf.reduce_mean(tf.square(model(x, training=True) - target))
            sources = [weight.value for weight in weights]
            gradients = tape.gradient(loss, sources + [x] if with_input_gradient else sources)
            optimizer.apply_gradients(zip(gradients, weights))
            return loss, gradients[len(weights) :]

        x, target = self.tensors
        return lambda: float(step(x, target)[0])

    def inference_variants(self):
        model, x = self.model, self.x
        tensor = self.tensors[0]
        graph = tf.function(lambda values: model(values, training=False))
        return {
            "predict_on_batch": lambda: model.predict_on_batch(x),
            "direct call": lambda: model(x, training=False).numpy(),
            "tf.function call": lambda: graph(tensor).numpy(),
        }

    def check(self, directory):
        """The outputs before training (or of three streaming steps) and the losses of the first steps."""
        if self.is_streaming:
            outputs = np.concatenate([np.asarray(self.model.predict_on_batch(self.x)) for _ in range(3)])
        else:
            outputs = np.asarray(self.model.predict_on_batch(self.x))
        outputs.astype("<f4").tofile(os.path.join(directory, "keras-output.bin"))
        losses = {}
        if self.case["mode"] == "train":
            losses = {name: [run() for _ in range(self.case["checkedSteps"])] for name, run in self.variants.items()}
        return {"outputFile": "keras-output.bin", "losses": losses, "variants": list(self.variants)}

    def measure(self, variant, repeats):
        run = self.variants[variant]
        elapsed = []
        cpu_before, wall_before = time.process_time(), time.perf_counter()
        for _ in range(repeats):
            before = time.perf_counter()
            run()
            elapsed.append((time.perf_counter() - before) * 1e3)
        return {
            "elapsedMs": elapsed,
            "cpuMs": (time.process_time() - cpu_before) * 1e3,
            "wallMs": (time.perf_counter() - wall_before) * 1e3,
        }


def main():
    prepared = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            match request["request"]:
                case "describe":
                    python = ".".join(map(str, sys.version_info[:3]))
                    versions = f"{keras.__version__} on TensorFlow {tf.__version__} CPU"
                    answer = {"versions": f"{versions}, Python {python}"}
                case "prepare":
                    keras.backend.clear_session()
                    prepared = PreparedCase(request["case"], request["directory"])
                    answer = prepared.check(request["directory"])
                case "measure":
                    answer = prepared.measure(request["variant"], request["repeats"])
                case "close":
                    return
                case unknown:
                    answer = {"error": f"unknown request {unknown}"}
        except Unsupported as reason:
            answer = {"unsupported": str(reason)}
        except Exception as error:  # The comparison reports it as the row's reason.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
