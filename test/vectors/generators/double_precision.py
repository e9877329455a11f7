"""
Keeps TensorFlow in float64 where Keras would lose digits.

Keras 3 hands Python numbers to TensorFlow without a type, which makes them float32 even where floatx is float64:
beta_1 = 0.9 becomes 0.89999998. TensorFlow itself does the same to the constants inside gelu and leaky_relu. Importing
this module replaces the four functions concerned; the vectors then agree with the formulas to about 1e-16.
"""

import math

import tensorflow as tf

_convert_to_tensor, _cast = tf.convert_to_tensor, tf.cast


def _convert_to_double(value, dtype=None, **options):
    if dtype is None and _holds_floats(value):
        dtype = tf.float64
    return _convert_to_tensor(value, dtype=dtype, **options)


def _cast_from_double(x, dtype, **options):
    return _cast(_convert_to_double(x) if _holds_floats(x) else x, dtype, **options)


def _holds_floats(value):
    return isinstance(value, float) or (isinstance(value, (list, tuple)) and any(map(_holds_floats, value)))


def _gelu(features, approximate=False):
    """0.5 x (1 + erf(x / sqrt 2)), by the complement so that the tail keeps its digits."""
    if approximate:
        raise NotImplementedError("no vector uses the approximation")
    return 0.5 * features * tf.math.erfc(features * -math.sqrt(0.5))


def _leaky_relu(features, alpha):
    return tf.where(features > 0, features, alpha * features)


tf.convert_to_tensor, tf.cast = _convert_to_double, _cast_from_double
tf.nn.gelu, tf.nn.leaky_relu = _gelu, _leaky_relu
