"""Keras 3 on TensorFlow, timed on request by bench/compare.ts; peer_protocol.py describes the requests.

Every way that Keras offers to run the same step is a variant. Cells that Keras lacks are written as its users write one,
a cell under keras.layers.RNN, and minGRU also as a parallel scan. Requirements: keras >= 3.4, tensorflow >= 2.16.
"""

import os

from peer_protocol import (
    NUM_THREADS, Unsupported, clear_padding, is_streaming, leave_missing, read_arrays, serve, weights_of, write_output,
)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["OMP_NUM_THREADS"] = str(NUM_THREADS)
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

try:
    import keras
    import numpy as np
    import tensorflow as tf
except ImportError as missing:
    leave_missing(missing)

from keras_cells import CUSTOM_CELLS, custom_layer

tf.config.threading.set_intra_op_parallelism_threads(NUM_THREADS)
tf.config.threading.set_inter_op_parallelism_threads(1)

LAYERS = {
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gruResetBefore": lambda *args, **options: keras.layers.GRU(*args, reset_after=False, **options),
    "simple": keras.layers.SimpleRNN,
}


class PreparedCase:
    """Models with the shared weights, and the ways to run them."""

    def __init__(self, case, directory):
        keras.backend.clear_session()
        self.case = case
        if case["cell"] not in LAYERS and case["cell"] not in CUSTOM_CELLS:
            raise Unsupported(f"the peer has no layer for the cell {case['cell']}")
        arrays = read_arrays(directory)
        self.x, self.target, self.lengths = arrays["input"], arrays["target"], arrays.get("lengths")
        self.weights = weights_of(arrays)
        if "numWords" in case:
            self.target = self.target.astype("int32")
        self.tensors = (tf.constant(self.x), tf.constant(self.target))
        self.mask = None
        if self.lengths is not None:
            self.mask = tf.sequence_mask(self.lengths.astype("int32"), case["timesteps"])
        # By form: None is a layer of Keras.
        self.forms = [None] if case["cell"] in LAYERS else list(CUSTOM_CELLS[case["cell"]])
        if is_streaming(case):
            self.forms = [form for form in self.forms if form is None or "scan" not in form]
        self.model = self.build(self.forms[0])
        variants = self.training_variants if case["mode"] == "train" else self.inference_variants
        self.variants = {self.named(name, form): run for form in self.forms for name, run in variants(form).items()}

    def named(self, name, form):
        return name if form is None else f"{form}, {name}"

    def build(self, form, masking=True):
        """masking: without it, padded steps are computed too; they stand last, so they change no step that counts."""
        case = self.case
        model = keras.Sequential([keras.Input(batch_shape=self.x.shape)])
        if self.lengths is not None and masking:
            model.add(keras.layers.Masking())
        for _ in range(case["layers"]):
            options = {"return_sequences": True, "stateful": is_streaming(case)}
            if form is None:
                layer = LAYERS[case["cell"]](case["units"], **options)
            else:
                layer = custom_layer(case["cell"], form, case["units"], options)
            model.add(keras.layers.Bidirectional(layer) if case.get("bidirectional") else layer)
        if "numWords" in case:
            model.add(keras.layers.Dense(case["numWords"], activation="softmax"))
        model.set_weights(self.weights)
        return model

    def adam(self):
        return keras.optimizers.Adam(1e-3, epsilon=self.case["adamEpsilon"])

    def compiled(self, form, jit):
        model = self.build(form)
        loss = "sparse_categorical_crossentropy" if "numWords" in self.case else "mean_squared_error"
        model.compile(optimizer=self.adam(), loss=loss, jit_compile=jit)
        return model

    def training_variants(self, form):
        x, target = self.x, self.target
        usual, jitted = self.compiled(form, "auto"), self.compiled(form, True)
        variants = {
            "train_on_batch": lambda: float(usual.train_on_batch(x, target)),
            "train_on_batch, jit_compile=True": lambda: float(jitted.train_on_batch(x, target)),
            "tf.function step": self.graph_step(form),
        }
        if self.lengths is not None:
            variants["tf.function step, the loss alone masked"] = self.graph_step(form, masking=False)
        if form is None:
            variants["tf.function step with the input's gradient"] = self.graph_step(form, with_input_gradient=True)
        return variants

    def graph_step(self, form, with_input_gradient=False, masking=True):
        model, optimizer = self.build(form, masking), self.adam()
        weights = model.trainable_variables
        optimizer.build(weights)
        if "numWords" in self.case:
            model.layers[-1].activation = keras.activations.linear

        @tf.function
        def step(x, target):
            with tf.GradientTape() as tape:
                if with_input_gradient:
                    tape.watch(x)
                loss = self.loss(model(x, training=True), target)
            sources = [weight.value for weight in weights]
            gradients = tape.gradient(loss, sources + [x] if with_input_gradient else sources)
            optimizer.apply_gradients(zip(gradients, weights))
            return loss, gradients[len(weights) :]

        x, target = self.tensors
        return lambda: float(step(x, target)[0])

    def loss(self, output, target):
        if "numWords" in self.case:
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(target, output))
        if self.mask is None:
            return tf.reduce_mean(tf.square(output - target))
        errors = tf.reduce_mean(tf.square(output - target), axis=-1) * tf.cast(self.mask, tf.float32)
        return tf.reduce_sum(errors) / float(self.lengths.sum())

    def inference_variants(self, form):
        model = self.model if form == self.forms[0] else self.build(form)
        x, tensor = self.x, self.tensors[0]
        graph = tf.function(lambda values: model(values, training=False))
        variants = {
            "predict_on_batch": lambda: model.predict_on_batch(x),
            "direct call": lambda: model(x, training=False).numpy(),
            "tf.function call": lambda: graph(tensor).numpy(),
        }
        if self.lengths is not None:
            padded = self.build(form, masking=False)
            padded_graph = tf.function(lambda values: padded(values, training=False))
            variants["tf.function call without the mask"] = lambda: padded_graph(tensor).numpy()
        return variants

    def check(self, directory):
        """The outputs before training (or of three streaming steps) and the losses of the first steps."""
        outputs = [np.array(self.model.predict_on_batch(self.x)) for _ in range(3 if is_streaming(self.case) else 1)]
        file = write_output(directory, "keras-output.bin", clear_padding(np.concatenate(outputs), self.lengths))
        losses = {}
        if self.case["mode"] == "train":
            losses = {name: [run() for _ in range(self.case["checkedSteps"])] for name, run in self.variants.items()}
        return {"outputFile": file, "losses": losses, "variants": list(self.variants)}


serve(f"{keras.__version__} on TensorFlow {tf.__version__} CPU, {NUM_THREADS} threads", PreparedCase)
