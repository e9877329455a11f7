"""Cases of the layers without a state: Dense, TimeDistributed, LayerNormalization, Conv1D, pooling, Activation."""

import numpy as np

from .keras_case import assign_random, camel_config, constants, keras, layer_case, named_weights, write_layer_case
from .vector_file import BATCH, FEATURES, TIME, UNITS, Draw, camel_case

ACTIVATIONS = [
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign", "sigmoid",
    "hard_sigmoid", "tanh", "exponential", "softmax",
]
# Saturation, overflow and cancellation; no value lies on a kink.
EXTREME_INPUTS = [
    [-500, -100.5, -40.25, 0.5, 20, 2.75, -1e-9],
    [500, 88.75, 37, -0.75, -3.25, 3.125, 5.75],
    [-745.5, -6.5, 1e-9, -2.875, 6.25, -18.5, -1e-3],
]
CONV_TIME, FILTERS = 11, 5
GRID = (BATCH, 7, 6, 2)


def write_layer_cases():
    _write_activations()
    _write_dense()
    _write_time_distributed()
    _write_layer_normalization()
    _write_conv1d()
    _write_conv2d()
    _write_pooling()
    _write_pooling_2d()


def _write(name, draw, layer, config, x, mask=None):
    """Draws weights and cotangents for `layer` applied to x."""
    layer_name = type(layer).__name__
    layer.build(x.shape)
    weights = named_weights(layer)
    assign_random(weights, draw)
    inputs = {"input": x}
    sources = constants(inputs)
    if mask is not None:
        inputs["mask"] = mask
    given = {} if mask is None else {"mask": mask.astype(bool)}

    def forward():
        return {"output": layer(sources["input"], **given)}

    write_layer_case(name, draw, layer_case(draw, layer_name, config, weights, inputs, forward, sources))


def _write_activations():
    for activation in ACTIVATIONS:
        name = f"activation-{activation.replace('_', '-')}-extremes"
        layer = keras.layers.Activation(activation)
        _write(name, Draw(name), layer, {"activation": camel_case(activation)}, np.array(EXTREME_INPUTS))


def _write_dense():
    for activation in ACTIVATIONS:
        _write_one_dense(f"dense-{activation.replace('_', '-')}", {"activation": activation}, (BATCH, FEATURES))
    _write_one_dense("dense-no-bias", {"use_bias": False}, (BATCH, FEATURES))
    _write_one_dense("dense-sequence", {"activation": "tanh"}, (BATCH, TIME, FEATURES))
    _write_one_dense("dense-sequence-softmax", {"activation": "softmax"}, (BATCH, TIME, FEATURES))


def _write_one_dense(name, options, input_shape):
    draw = Draw(name)
    layer = keras.layers.Dense(UNITS, **options)
    _write(name, draw, layer, camel_config({"units": UNITS, **options}), draw.normal(*input_shape))


def _write_time_distributed():
    name = "time-distributed-dense"
    draw = Draw(name)
    layer = keras.layers.TimeDistributed(keras.layers.Dense(UNITS, activation="tanh"))
    inner = {"layer": "Dense", "config": {"units": UNITS, "activation": "tanh"}}
    _write(name, draw, layer, {"layer": inner}, draw.normal(BATCH, TIME, FEATURES))


def _write_layer_normalization():
    _write_one_normalization("layer-normalization", {})
    _write_one_normalization("layer-normalization-epsilon", {"epsilon": 0.25})
    _write_one_normalization("layer-normalization-no-center-no-scale", {"center": False, "scale": False})


def _write_one_normalization(name, options):
    draw = Draw(name)
    layer = keras.layers.LayerNormalization(**options)
    _write(name, draw, layer, camel_config(options), draw.normal(BATCH, TIME, FEATURES))


def _write_conv1d():
    for padding in ("valid", "same", "causal"):
        _write_one_conv(f"conv1d-{padding}", {"kernel_size": 3, "padding": padding})
        _write_one_conv(f"conv1d-{padding}-strides", {"kernel_size": 3, "padding": padding, "strides": 2})
        _write_one_conv(f"conv1d-{padding}-dilation", {"kernel_size": 3, "padding": padding, "dilation_rate": 2})
    _write_one_conv("conv1d-same-even-kernel", {"kernel_size": 2, "padding": "same", "activation": "tanh"})
    _write_one_conv("conv1d-same-even-kernel-strides", {"kernel_size": 6, "padding": "same", "strides": 3})
    _write_one_conv("conv1d-no-bias", {"kernel_size": 3, "use_bias": False})


    for suffix, options in (
        ("", {"kernel_size": 3}),
        ("-causal-dilation", {"kernel_size": 2, "padding": "causal", "dilation_rate": 3, "activation": "tanh"}),
        ("-same-strides", {"kernel_size": 3, "padding": "same", "strides": 2}),
    ):
        name, options = f"conv1d-groups{suffix}", {"groups": 3, **options}
        _write_one_conv(name, options, keras.layers.Conv1D, 6, (BATCH, CONV_TIME, 9))


def _write_conv2d():
    for suffix, options in (
        ("", {"kernel_size": 3, "activation": "tanh"}),
        ("-same", {"kernel_size": (2, 3), "padding": "same"}),
        ("-strides", {"kernel_size": (3, 2), "strides": (2, 1)}),
        ("-same-strides", {"kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False}),
        ("-dilation", {"kernel_size": 2, "dilation_rate": (3, 2)}),
        ("-same-dilation", {"kernel_size": (3, 2), "dilation_rate": 2, "padding": "same"}),
    ):
        _write_one_conv(f"conv2d{suffix}", options, keras.layers.Conv2D, FILTERS, GRID)
    options = {"kernel_size": (2, 3), "groups": 2, "padding": "same"}
    _write_one_conv("conv2d-groups", options, keras.layers.Conv2D, 6, (BATCH, 7, 6, 10))


def _write_one_conv(name, options, make=keras.layers.Conv1D, filters=FILTERS, shape=(BATCH, CONV_TIME, FEATURES)):
    draw = Draw(name)
    layer = make(filters, **options)
    _write(name, draw, layer, camel_config({"filters": filters, **options}), draw.normal(*shape))


def _write_pooling():
    """Every row keeps a real step: Keras' mean over an empty row is not a number."""
    mask = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 1, 1], [0, 1, 0, 0, 0]])
    average, maximum = keras.layers.GlobalAveragePooling1D, keras.layers.GlobalMaxPooling1D
    _write_one_pooling("global-average-pooling-1d", average())
    _write_one_pooling("global-average-pooling-1d-mask", average(), mask)
    _write_one_pooling("global-max-pooling-1d", maximum())


def _write_one_pooling(name, layer, mask=None):
    draw = Draw(name)
    _write(name, draw, layer, {}, draw.normal(BATCH, TIME, FEATURES), mask)


def _write_pooling_2d():
    for make, prefix in (("MaxPooling2D", "max-pooling-2d"), ("AveragePooling2D", "average-pooling-2d")):
        for suffix, options in (
            ("", {"pool_size": 2}),
            ("-strides", {"pool_size": (3, 2), "strides": (1, 2)}),
            ("-same", {"pool_size": (2, 3), "strides": 2, "padding": "same"}),
        ):
            name = prefix + suffix
            draw = Draw(name)
            _write(name, draw, getattr(keras.layers, make)(**options), camel_config(options), draw.normal(*GRID))
    for make, prefix in (("GlobalMaxPooling2D", "global-max-pooling-2d"),
                         ("GlobalAveragePooling2D", "global-average-pooling-2d")):
        for suffix, options in (("", {}), ("-keepdims", {"keepdims": True})):
            name = prefix + suffix
            draw = Draw(name)
            _write(name, draw, getattr(keras.layers, make)(**options), options, draw.normal(*GRID))
