"""Cells that Keras has no layer for, written as its users would."""

import keras
from keras import ops


class CoupledLSTMCell(keras.layers.Layer):
    """An LSTM whose forget gate is one minus its input gate; gates in the order input, candidate, output."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 3 * self.units))
        self.recurrent_kernel = self.add_weight(shape=(self.units, 3 * self.units))
        self.bias = self.add_weight(shape=(3 * self.units,))

    def call(self, inputs, states, training=False):
        hidden, cell = states
        gates = ops.matmul(inputs, self.kernel) + ops.matmul(hidden, self.recurrent_kernel) + self.bias
        i, g, o = ops.split(gates, 3, axis=-1)
        i = ops.sigmoid(i)
        cell = (1 - i) * cell + i * ops.tanh(g)
        hidden = ops.sigmoid(o) * ops.tanh(cell)
        return hidden, [hidden, cell]


class MinGRUCell(keras.layers.Layer):
    """Gates from the input alone, in the order update, candidate."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = self.state_size = self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2 * self.units))
        self.bias = self.add_weight(shape=(2 * self.units,))

    def call(self, inputs, states, training=False):
        z, candidate = ops.split(ops.matmul(inputs, self.kernel) + self.bias, 2, axis=-1)
        z = ops.sigmoid(z)
        hidden = (1 - z) * states[0] + z * candidate
        return hidden, [hidden]


class MinGRUScan(keras.layers.Layer):
    """The same as one product over all steps and a scan of h' = a h + b in which each pass joins spans of twice the length.

    keras.ops.associative_scan would say the same; Keras 3.15 cannot build a model with it on TensorFlow.
    """

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2 * self.units))
        self.bias = self.add_weight(shape=(2 * self.units,))

    def call(self, inputs):
        z, candidate = ops.split(ops.matmul(inputs, self.kernel) + self.bias, 2, axis=-1)
        z = ops.sigmoid(z)

        a, b = 1 - z, z * candidate
        span = 1
        while span < a.shape[1]:
            b = ops.concatenate([b[:, :span], b[:, span:] + a[:, span:] * b[:, :-span]], axis=1)
            a = ops.concatenate([a[:, :span], a[:, span:] * a[:, :-span]], axis=1)
            span *= 2
        return b


# By cell: the forms that it has.
CUSTOM_CELLS = {"coupledLSTM": ["layers.RNN"], "minGRU": ["layers.RNN", "scan by doubling"]}


def custom_layer(cell, form, units, options):
    if form == "scan by doubling":
        return MinGRUScan(units)
    return keras.layers.RNN({"coupledLSTM": CoupledLSTMCell, "minGRU": MinGRUCell}[cell](units), **options)
