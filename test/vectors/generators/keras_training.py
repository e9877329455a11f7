"""Cases of training/: ten optimizer steps of small models on one fixed batch."""

import numpy as np

from .keras_case import assign_random, camel_config, keras, named_weights, source, tf, values
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, camel_case, tensor, tensors, write_case

NUM_STEPS, VOCABULARY, CLASSES = 10, 11, 3

OPTIMIZERS = {
    "adam": (keras.optimizers.Adam, {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
    "sgd": (keras.optimizers.SGD, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": False}),
}


def write_training_cases():
    for optimizer_name in OPTIMIZERS:
        _write_stacked_lstm(optimizer_name)
        _write_gru(optimizer_name)
        _write_bidirectional(optimizer_name)
        _write_embedding(optimizer_name)
        _write_masked_sequence(optimizer_name)
    _write_batch_normalization("sgd")


def _layer(name, **options):
    return {"layer": name, "options": options}


def _write_stacked_lstm(optimizer_name):
    draw, name = _start("lstm-lstm-dense-softmax", optimizer_name)
    layers = [
        _layer("LSTM", units=UNITS, return_sequences=True),
        _layer("LSTM", units=4),
        _layer("Dense", units=CLASSES, activation="softmax"),
    ]
    x, y = draw.normal(BATCH, TIME, FEATURES), draw.one_hot(CLASSES, BATCH)
    _write(name, draw, layers, keras.losses.CategoricalCrossentropy(), optimizer_name, x, y)


def _write_gru(optimizer_name):
    draw, name = _start("gru-dense-regression", optimizer_name)
    layers = [_layer("GRU", units=UNITS), _layer("Dense", units=2)]
    x, y = draw.normal(BATCH, TIME, FEATURES), draw.normal(BATCH, 2)
    _write(name, draw, layers, keras.losses.MeanSquaredError(), optimizer_name, x, y)


def _write_bidirectional(optimizer_name):
    draw, name = _start("bidirectional-lstm-dense-sigmoid", optimizer_name)
    layers = [_layer("Bidirectional", layer=_layer("LSTM", units=UNITS)),
              _layer("Dense", units=CLASSES, activation="sigmoid")]
    x, y = draw.normal(BATCH, TIME, FEATURES), draw.integers(0, 2, BATCH, CLASSES)
    _write(name, draw, layers, keras.losses.BinaryCrossentropy(), optimizer_name, x, y)


def _write_embedding(optimizer_name):
    draw, name = _start("embedding-lstm-dense-softmax", optimizer_name)
    layers = [
        _layer("Embedding", input_dim=VOCABULARY, output_dim=FEATURES, mask_zero=True),
        _layer("LSTM", units=UNITS),
        _layer("Dense", units=CLASSES, activation="softmax"),
    ]
    x, y = _draw_tokens(draw), draw.integers(0, CLASSES, BATCH)
    _write(name, draw, layers, keras.losses.SparseCategoricalCrossentropy(), optimizer_name, x, y)


def _write_masked_sequence(optimizer_name):
    """A prediction for each step: Keras carries the mask of the embedding on to the loss."""
    draw, name = _start("embedding-gru-dense-each-step", optimizer_name)
    layers = [
        _layer("Embedding", input_dim=VOCABULARY, output_dim=FEATURES, mask_zero=True),
        _layer("GRU", units=UNITS, return_sequences=True),
        _layer("Dense", units=CLASSES, activation="softmax"),
    ]
    x, y = _draw_tokens(draw), draw.integers(0, CLASSES, BATCH, TIME)
    _write(name, draw, layers, keras.losses.SparseCategoricalCrossentropy(), optimizer_name, x, y)


def _write_batch_normalization(optimizer_name):
    """
    The moving statistics are among the weights afterwards. Not with Adam: some gradients here are near 0, and divided
    by their size, rounding shows.
    """
    draw, name = _start("lstm-batch-normalization-gru-dense", optimizer_name)
    layers = [
        _layer("LSTM", units=UNITS, return_sequences=True),
        _layer("BatchNormalization", momentum=0.75),
        _layer("GRU", units=3),
        _layer("Dense", units=2),
    ]
    x, y = draw.normal(BATCH, TIME, FEATURES), draw.normal(BATCH, 2)
    _write(name, draw, layers, keras.losses.MeanSquaredError(), optimizer_name, x, y)


def _start(model_name, optimizer_name):
    """The same draws for every optimizer."""
    return Draw(f"training {model_name}"), f"{model_name}-{optimizer_name}"


def _draw_tokens(draw):
    """Index 0 is padding: a row padded on the right, one on the left with a gap, a full one."""
    tokens = draw.integers(1, VOCABULARY, BATCH, TIME)
    tokens[0, 3:] = 0
    tokens[1, 0] = tokens[1, 2] = 0
    return tokens


def _build_layer(description):
    options = dict(description["options"])
    if "layer" in options:
        options["layer"] = _build_layer(options["layer"])
    return getattr(keras.layers, description["layer"])(**options)


def _config(description):
    options = dict(description["options"])
    inner = options.pop("layer", None)
    wrapped = {"layer": {"layer": inner["layer"], "config": _config(inner)}} if inner else {}
    return {**wrapped, **camel_config(options)}


def _write(name, draw, descriptions, loss, optimizer_name, x, y):
    model = keras.Sequential([keras.Input(x.shape[1:])] + [_build_layer(each) for each in descriptions])
    weights = [named_weights(layer) for layer in model.layers]
    for layer_weights in weights:
        assign_random(layer_weights, draw)
    start = [values(layer_weights) for layer_weights in weights]
    optimizer_class, options = OPTIMIZERS[optimizer_name]
    losses = _train(model, loss, optimizer_class(**options), x, y)
    layers = [
        {"layer": description["layer"], "config": _config(description), "weights": tensors(initial)}
        for description, initial in zip(descriptions, start)
    ]
    after = [tensors(values(layer_weights)) for layer_weights in weights]
    write_case("training", name, source(draw), {
        "layers": layers,
        "loss": camel_case(loss.name),
        "optimizer": {"optimizer": optimizer_name, "config": camel_config(options)},
        "x": tensor(x),
        "y": tensor(y),
        "expected": {"losses": losses, "weights": after},
    })


def _train(model, loss, optimizer, x, y):
    """
    The loss of each step, before the step is taken. An embedding's gradient is summed by row first: Keras' Adam
    would square the parts of a row that occurs twice one by one.
    """
    optimizer.build(model.trainable_variables)
    inputs = tf.constant(x, dtype="int32" if np.issubdtype(x.dtype, np.integer) else "float64")
    losses = []
    for _ in range(NUM_STEPS):
        with tf.GradientTape() as tape:
            value = loss(y, model(inputs, training=True))
        gradients = tape.gradient(value, [variable.value for variable in model.trainable_variables])
        optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients])
        losses.append(float(value))
    return losses
