"""
Cases of graphs/: functional models, their outputs, the loss they are compiled with and its gradient by every weight.
Layers have the names of their twins in test/support/graph-models.ts.
"""

import numpy as np

from .keras_case import assign_random, differentiate_scalar, keras, named_weights, source, tf, values
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, camel_case, tensors, write_case

layers, Input = keras.layers, keras.Input
SOURCE_TIME, TARGET_FEATURES, CLASSES, WORDS = 6, 4, 3, 11


def write_graph_cases():
    _write_two_outputs()
    _write_residual()
    _write_shared_layers()
    _write_masks()
    _write_encoder_decoder()
    _write_attention()


def _write_two_outputs():
    draw = Draw("graphs two-outputs")
    series, side = Input((TIME, FEATURES), name="series"), Input((TARGET_FEATURES,), name="side")
    read = layers.LSTM(UNITS, name="reader")(series)
    both = layers.Concatenate(name="both")([read, layers.Dense(3, activation="tanh", name="facts")(side)])
    outputs = {
        "value": layers.Dense(2, name="value")(both),
        "kind": layers.Dense(CLASSES, activation="softmax", name="kind")(both),
    }
    given = {"series": draw.normal(BATCH, TIME, FEATURES), "side": draw.normal(BATCH, TARGET_FEATURES)}
    targets = {"value": draw.normal(BATCH, 2), "kind": draw.integers(0, CLASSES, BATCH)}
    losses = {"value": "mean_squared_error", "kind": "sparse_categorical_crossentropy"}
    _write("two-outputs", draw, {"series": series, "side": side}, outputs, given, targets, losses,
           {"value": 0.7, "kind": 1.3})


def _write_residual():
    draw = Draw("graphs residual")
    series = Input((TIME, FEATURES), name="series")
    narrow = layers.Dense(UNITS, activation="tanh", name="narrow")(series)
    first = layers.Add(name="first")([narrow, layers.LSTM(UNITS, return_sequences=True, name="inner")(narrow)])
    second = layers.Add(name="second")([first, layers.GRU(UNITS, return_sequences=True, name="outer")(first)])
    outputs = {"steps": layers.Dense(2, name="steps")(second)}
    given = {"series": draw.normal(BATCH, TIME, FEATURES)}
    _write("residual", draw, {"series": series}, outputs, given, {"steps": draw.normal(BATCH, TIME, 2)},
           {"steps": "mean_absolute_error"})


def _write_shared_layers():
    draw = Draw("graphs shared-layers")
    left, right = (Input((TIME, FEATURES), name=name) for name in ("left", "right"))
    reader = layers.LSTM(UNITS, name="reader")
    summary = layers.Dense(3, activation="tanh", name="summary")
    one, other = summary(reader(left)), summary(reader(right))
    joined = layers.Concatenate(name="joined")([
        layers.Subtract(name="difference")([one, other]), layers.Multiply(name="product")([one, other])])
    outputs = {"same": layers.Dense(1, activation="sigmoid", name="same")(joined)}
    given = {name: draw.normal(BATCH, TIME, FEATURES) for name in ("left", "right")}
    _write("shared-layers", draw, {"left": left, "right": right}, outputs, given,
           {"same": np.array([[1], [0], [1]])}, {"same": "binary_crossentropy"})


def _write_masks():
    """Two masks that meet: what one branch hides the other may show. Hidden steps are zeros, as they are in Rondo."""
    draw = Draw("graphs masks")
    words, tags = (Input((TIME,), dtype="int32", name=name) for name in ("words", "tags"))
    hidden = {"return_sequences": True, "zero_output_for_mask": True}
    word = layers.Embedding(WORDS, FEATURES, mask_zero=True, name="word")(words)
    tag = layers.Embedding(6, 2, mask_zero=True, name="tag")(tags)
    left = layers.LSTM(UNITS, name="left", **hidden)(word)
    right = layers.GRU(UNITS, name="right", **hidden)(tag)
    joined = layers.Concatenate(name="joined")([layers.Add(name="sum")([left, right]), left])
    steps = layers.GRU(4, return_sequences=True, name="steps")(joined)
    outputs = {
        "label": layers.Dense(CLASSES, activation="softmax", name="label")(steps),
        "score": layers.Dense(2, name="score")(layers.LSTM(3, name="last")(joined)),
    }
    given = {"words": draw.integers(1, WORDS, BATCH, TIME), "tags": draw.integers(1, 6, BATCH, TIME)}
    given["words"][0, 3:] = given["words"][1, 0] = given["words"][1, 2] = 0
    given["tags"][0, 4:] = given["tags"][1, 0] = given["tags"][2, 1] = 0
    targets = {"label": draw.integers(0, CLASSES, BATCH, TIME), "score": draw.normal(BATCH, 2)}
    losses = {"label": "sparse_categorical_crossentropy", "score": "mean_squared_error"}
    _write("masks", draw, {"words": words, "tags": tags}, outputs, given, targets, losses)


def _write_encoder_decoder():
    draw = Draw("graphs encoder-decoder")
    text = Input((SOURCE_TIME,), dtype="int32", name="text")
    target = Input((TIME,), dtype="int32", name="target")
    word = layers.Embedding(WORDS, FEATURES, mask_zero=True, name="word")
    _, *states = layers.LSTM(UNITS, return_state=True, name="encoder")(word(text))
    # Keras forgets the mask of the first input where states are given beside it.
    decoded = layers.LSTM(UNITS, return_sequences=True, name="decoder")(
        word(target), initial_state=states, mask=keras.ops.not_equal(target, 0))
    outputs = {"next": layers.Dense(WORDS, activation="softmax", name="next")(decoded)}
    given = {"text": draw.integers(1, WORDS, BATCH, SOURCE_TIME), "target": draw.integers(1, WORDS, BATCH, TIME)}
    given["text"][0, 4:] = given["text"][1, :2] = given["target"][2, 3:] = 0
    _write("encoder-decoder", draw, {"text": text, "target": target}, outputs, given,
           {"next": draw.integers(1, WORDS, BATCH, TIME)}, {"next": "sparse_categorical_crossentropy"})


def _write_attention():
    draw = Draw("graphs attention")
    signal = Input((SOURCE_TIME, FEATURES), name="signal")
    target = Input((TIME, TARGET_FEATURES), name="target")
    counting = layers.Masking(name="counting")(signal)
    memory, state = layers.GRU(UNITS, return_sequences=True, return_state=True, name="encoder")(counting)
    decoded = layers.GRU(UNITS, return_sequences=True, name="decoder")(target, initial_state=state)
    # Keras's several heads take the mask of the memory away, so they come last.
    found = layers.Attention(use_scale=True, name="found")([decoded, memory])
    heads = layers.MultiHeadAttention(num_heads=2, key_dim=3, name="heads")(decoded, memory)
    joined = layers.Concatenate(name="joined")([decoded, found, heads])
    outputs = {"next": layers.Dense(CLASSES, name="next")(joined)}
    given = {"signal": draw.normal(BATCH, SOURCE_TIME, FEATURES), "target": draw.normal(BATCH, TIME, TARGET_FEATURES)}
    given["signal"][0, 4:] = given["signal"][1, 2] = 0
    _write("attention", draw, {"signal": signal, "target": target}, outputs, given,
           {"next": draw.normal(BATCH, TIME, CLASSES)}, {"next": "mean_squared_error"})


def _write(name, draw, inputs, outputs, given, targets, losses, loss_weights=None):
    model = keras.Model(inputs, outputs)
    model.compile(loss=losses, loss_weights=loss_weights)
    weights = {
        f"{layer.name}.{weight_name}": weight
        for layer in model.layers
        for weight_name, weight in named_weights(layer).items()
    }
    assign_random(weights, draw)
    sources = {
        key: tf.constant(value, dtype="int32" if np.issubdtype(value.dtype, np.integer) else "float64")
        for key, value in given.items()
    }
    results = {}

    def loss():
        results.update(model(sources))
        return model.compute_loss(y=targets, y_pred=results)

    value, gradients = differentiate_scalar(loss, {key: weight.value for key, weight in weights.items()})
    write_case("graphs", name, source(draw), {
        "losses": {key: camel_case(loss_name) for key, loss_name in losses.items()},
        **({} if loss_weights is None else {"lossWeights": loss_weights}),
        "weights": tensors(values(weights)),
        "inputs": tensors(given),
        "targets": tensors(targets),
        "expected": {
            "loss": float(value),
            "outputs": tensors({key: np.asarray(result) for key, result in results.items()}),
            "gradients": tensors(gradients),
        },
    })
