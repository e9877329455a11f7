"""Cases of layers that merge tensors, move steps or pool them: those that graphs are made with."""

import numpy as np

from .keras_case import (
    assign_random,
    camel_config,
    constants,
    keras,
    layer_case,
    named_weights,
    source,
    write_layer_case,
)
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, write_case

SEQUENCE = (BATCH, TIME, FEATURES)


def write_graph_layer_cases():
    _write_merging()
    _write_dots()
    _write_steps()
    _write_pooling()
    _write_activations()


def _write(name, layer, config, *shapes):
    """`layer` applied to one drawn tensor, or to a list of several: a case of layers/ or of merging/."""
    draw = Draw(name)
    drawn = [draw.normal(*shape) for shape in shapes]
    layer.build(shapes[0] if len(shapes) == 1 else list(shapes))
    weights = named_weights(layer)
    assign_random(weights, draw)
    inputs = {"input": drawn[0] if len(shapes) == 1 else drawn}
    sources = constants(inputs)

    def forward():
        return {"output": layer(sources["input"])}

    case = layer_case(draw, type(layer).__name__, config, weights, inputs, forward, sources)
    if len(shapes) == 1:
        write_layer_case(name, draw, case)
    else:
        write_case("merging", name, source(draw), case)


def _write_merging():
    for make in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
        _write(f"{make.lower()}-three", getattr(keras.layers, make)(), {}, SEQUENCE, SEQUENCE, SEQUENCE)
        _write(f"{make.lower()}-vector-and-sequence", getattr(keras.layers, make)(), {}, (BATCH, FEATURES), SEQUENCE)
    _write("subtract", keras.layers.Subtract(), {}, SEQUENCE, SEQUENCE)
    _write("subtract-one-feature", keras.layers.Subtract(), {}, SEQUENCE, (BATCH, TIME, 1))
    _write("concatenate-features", keras.layers.Concatenate(), {}, SEQUENCE, (BATCH, TIME, UNITS))
    _write("concatenate-time", keras.layers.Concatenate(axis=1), {"axis": 1}, SEQUENCE, (BATCH, 2, FEATURES))


def _write_dots():
    other = (BATCH, 6, FEATURES)
    _write_dot("dot-features", {"axes": 2}, SEQUENCE, other)
    _write_dot("dot-features-normalize", {"axes": -1, "normalize": True}, SEQUENCE, other)
    _write_dot("dot-weights-and-states", {"axes": [1, 1]}, (BATCH, TIME, 2), SEQUENCE)
    _write_dot("dot-vector-and-sequence", {"axes": [1, 2]}, (BATCH, FEATURES), SEQUENCE)
    _write_dot("dot-vectors", {"axes": 1}, (BATCH, FEATURES), (BATCH, FEATURES))
    _write_dot("dot-vectors-normalize", {"axes": 1, "normalize": True}, (BATCH, FEATURES), (BATCH, FEATURES))
    _write_dot("dot-four-axes", {"axes": [2, 1]}, (BATCH, 2, TIME, 3), SEQUENCE)


def _write_dot(name, options, *shapes):
    _write(name, keras.layers.Dot(**options), options, *shapes)


def _write_steps():
    _write("permute", keras.layers.Permute((2, 1)), {"dims": [2, 1]}, SEQUENCE)
    _write("permute-three", keras.layers.Permute((3, 1, 2)), {"dims": [3, 1, 2]}, (BATCH, 2, TIME, FEATURES))
    _write("cropping-1d", keras.layers.Cropping1D(), {}, SEQUENCE)
    _write("cropping-1d-ends", keras.layers.Cropping1D((2, 1)), {"cropping": [2, 1]}, SEQUENCE)
    _write("zero-padding-1d", keras.layers.ZeroPadding1D(), {}, SEQUENCE)
    _write("zero-padding-1d-ends", keras.layers.ZeroPadding1D((0, 3)), {"padding": [0, 3]}, SEQUENCE)
    _write("up-sampling-1d", keras.layers.UpSampling1D(), {}, SEQUENCE)
    _write("up-sampling-1d-three", keras.layers.UpSampling1D(3), {"size": 3}, SEQUENCE)


def _write_pooling():
    for make, prefix in (("MaxPooling1D", "max-pooling-1d"), ("AveragePooling1D", "average-pooling-1d")):
        for suffix, options in (
            ("", {"pool_size": 2}),
            ("-strides", {"pool_size": 3, "strides": 1}),
            ("-same", {"pool_size": 3, "strides": 2, "padding": "same"}),
        ):
            _write(prefix + suffix, getattr(keras.layers, make)(**options), camel_config(options), (BATCH, 6, FEATURES))


def _write_activations():
    _write("leaky-relu-layer", keras.layers.LeakyReLU(), {}, SEQUENCE)
    _write("leaky-relu-layer-slope", keras.layers.LeakyReLU(negative_slope=0.05), {"negativeSlope": 0.05}, SEQUENCE)
    _write("prelu", keras.layers.PReLU(), {}, SEQUENCE)
    _write("prelu-shared", keras.layers.PReLU(shared_axes=[1]), {"sharedAxes": [1]}, SEQUENCE)
    _write("softmax-layer", keras.layers.Softmax(), {}, SEQUENCE)
    _write("softmax-layer-time", keras.layers.Softmax(axis=1), {"axis": 1}, SEQUENCE)
    _write_masked_softmax()


def _write_masked_softmax():
    """Keras takes the mask of a softmax value by value."""
    of_steps = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 1, 1], [0, 1, 0, 0, 0]])
    by_value = np.repeat(of_steps[:, :, None], FEATURES, axis=2)
    _write_softmax("softmax-layer-time-mask", {"axis": 1}, of_steps, by_value)
    by_value = Draw("softmax-layer-mask values").integers(0, 2, *SEQUENCE)
    by_value[1, 2] = 0
    _write_softmax("softmax-layer-mask", {}, by_value, by_value)


def _write_softmax(name, config, mask, by_value):
    draw = Draw(name)
    layer = keras.layers.Softmax(**config)
    inputs = {"input": draw.normal(*SEQUENCE), "mask": mask}
    sources = constants({"input": inputs["input"]})

    def forward():
        return {"output": layer(sources["input"], mask=by_value.astype(bool))}

    write_layer_case(name, draw, layer_case(draw, "Softmax", config, {}, inputs, forward, sources))
