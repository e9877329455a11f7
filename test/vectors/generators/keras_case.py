"""
Keras in float64: assigning weights, differentiating, and the common shape of a layer case. The other modules import
`keras` and `tf` from here, because the environment has to be set first.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf

from . import double_precision  # imported for its effect
from .vector_file import camel_case, camel_case_keys, map_nested, tensors, write_case

keras.backend.set_floatx("float64")
# One thread: the same bits in every run.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

LIBRARY = f"keras {keras.__version__} (tensorflow {tf.__version__})"


def source(draw):
    return {"library": LIBRARY, "seed": draw.seed, "dtype": "float64"}


def camel_config(options):
    """Keras options in the words of the vector files: camelCase keys, camelCase choices."""
    config = camel_case_keys(options)
    for key in ("activation", "recurrentActivation", "classAggregation"):
        if config.get(key):
            config[key] = camel_case(config[key])
    return config


def named_weights(layer):
    """The layer's weights by their path inside the layer, such as `kernel` or `forward.recurrentKernel`."""
    if isinstance(layer, keras.layers.Bidirectional):
        return _prefixed({"forward": layer.forward_layer, "backward": layer.backward_layer})
    if isinstance(layer, keras.layers.TimeDistributed):
        return _prefixed({"layer": layer.layer})
    if isinstance(layer, keras.layers.RNN) and isinstance(layer.cell, keras.layers.StackedRNNCells):
        return _prefixed({f"cell{index}": cell for index, cell in enumerate(layer.cell.cells)})
    if isinstance(layer, keras.layers.MultiHeadAttention):  # those of the projections by their names
        return {f"{camel_case(weight.path.split('/')[-2])}.{weight.name}": weight for weight in layer.weights}
    return {camel_case(weight.name): weight for weight in layer.weights}


def _prefixed(layers):
    return {
        f"{prefix}.{name}": weight
        for prefix, layer in layers.items()
        for name, weight in named_weights(layer).items()
    }


def assign_random(weights, draw):
    for name, weight in weights.items():
        is_variance = name == "movingVariance"
        weight.assign(draw.uniform(0.5, 2.0, *weight.shape) if is_variance else draw.normal(*weight.shape, scale=0.5))


def values(weights):
    return {name: weight.numpy() for name, weight in weights.items()}


def constants(nested):
    return map_nested(lambda array: tf.constant(array, dtype="float64"), nested)


def differentiate(forward, sources, draw):
    """
    Results of `forward()`, random cotangents of the same structure, and the gradients of
    sum(results * cotangents) with respect to every tensor of `sources`.
    """
    drawn = {}

    def scalar():
        drawn["results"] = forward()
        drawn["cotangents"] = map_nested(lambda result: draw.normal(*result.shape), drawn["results"])
        return sum(
            tf.reduce_sum(result * cotangent)
            for result, cotangent in zip(tf.nest.flatten(drawn["results"]), tf.nest.flatten(drawn["cotangents"]))
        )

    _, gradients = differentiate_scalar(scalar, sources)
    return drawn["results"], drawn["cotangents"], gradients


def differentiate_scalar(forward, sources):
    """The number that `forward()` gives, and its gradients with respect to every tensor of `sources`."""
    with tf.GradientTape() as tape:
        tape.watch(tf.nest.flatten(sources))
        scalar = forward()
    return scalar, map_nested(_dense, tape.gradient(scalar, sources))


def _dense(gradient):
    return tf.convert_to_tensor(gradient).numpy()


def layer_case(draw, layer_name, config, weights, inputs, forward, sources):
    """One case of layers/. `sources` holds what is differentiated besides the weights: input, initialState."""
    weight_tensors = {name: weight.value for name, weight in weights.items()}
    given = {"weights": tensors(values(weights)), "inputs": tensors(inputs)}
    if not weights:
        del given["weights"]
    results, cotangents, gradients = differentiate(forward, {**sources, "weights": weight_tensors}, draw)
    if not weights:
        del gradients["weights"]
    return {
        "layer": layer_name,
        "config": config,
        **given,
        "cotangents": tensors(cotangents),
        "expected": {**tensors(map_nested(np.asarray, results)), "gradients": tensors(gradients)},
    }


def write_layer_case(name, draw, case):
    write_case("layers", name, source(draw), case)
