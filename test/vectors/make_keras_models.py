"""Writes keras/models.json: files that Keras 3 saved (.keras, .h5), the same in the form of Keras 2, and what their models compute.

Run with KERAS_BACKEND=torch. Files are deflated and in base64; weights are random, sizes differ, numbers are single precision."""
import base64
import io
import json
import os
import tempfile
import zlib

import h5py
import keras
import numpy as np
from keras import layers as L

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(34)
keras.utils.set_random_seed(34)
cases = []
models = {}


def array(values):
    values = np.asarray(values, dtype=np.float32)
    return {"shape": list(values.shape), "values": [float(f"{v:.7g}") for v in values.reshape(-1).tolist()]}


def numbers(*shape):
    return rng.normal(size=shape).astype(np.float32)


def randomize(model):
    for variable in model.variables:
        if "seed" in variable.path:
            continue
        values = rng.normal(size=variable.shape) * 0.6
        if "variance" in variable.path:
            values = np.abs(values) + 0.4
        if "gamma" in variable.path:
            values = values + 1.2
        variable.assign(values.astype(np.float32))


def saved(model, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model" + ending)
        model.save_weights(path) if ending == ".weights.h5" else model.save(path)
        with open(path, "rb") as file:
            return file.read()


def packed(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def listed(value):
    if isinstance(value, dict):
        return {key: array(inner) for key, inner in value.items()}
    return [array(inner) for inner in keras.tree.flatten(value)]


def runs_of(model, batches):
    return [{"inputs": [array(x) for x in xs], "outputs": listed(keras.tree.map_structure(keras.ops.convert_to_numpy, model(xs if len(xs) > 1 else xs[0])))} for xs in batches]


def case(name, model, batches, endings=(".keras",), fill=True, by=None):
    """A model with two batches; stateful ones go on from the first. `by`: a model that computes what is expected."""
    if fill:
        randomize(model)
    runs = runs_of(by or model, batches)
    models[name] = (model, batches, runs)
    for ending in endings:
        cases.append({"name": name + ending, "file": packed(saved(model, ending)), "runs": name})
        print(cases[-1]["name"], len(cases[-1]["file"]))


def sequential(*layers, shape=(5, 3), **options):
    return keras.Sequential([keras.Input(shape, **options), *layers])


def steps(batch=3, time=5, features=3, padded=0.0):
    """Sequences; of the second batch some steps are padding, at the end and inside."""
    first, second = numbers(batch, time, features), numbers(2, time, features)
    second[0, 3:] = padded
    second[1, 1] = padded
    return [[first], [second]]


both = (".keras", ".h5")
case("simple-rnn", sequential(L.SimpleRNN(4, activation="relu", use_bias=False, return_sequences=True, go_backwards=True), L.SimpleRNN(5)), steps())
case("lstm", sequential(L.LSTM(4, return_sequences=True, dropout=0.2, recurrent_dropout=0.1), L.LSTM(5, unroll=True), L.Dense(3, "softmax")), steps(), both)
case("gru-reset-after", sequential(L.GRU(5, return_sequences=True), L.Dense(3)), steps())
case("gru-reset-before", sequential(L.GRU(5, reset_after=False, activation="softsign")), steps(), both)
case("lstm-hard-sigmoid", sequential(L.LSTM(5, recurrent_activation="hard_sigmoid", activation="elu", use_bias=False)), steps())
case("masking", sequential(L.Masking(-1.5), L.LSTM(4, return_sequences=True), L.GRU(5, return_sequences=True, zero_output_for_mask=True), L.Dense(3)), steps(padded=-1.5))
case("backwards-masked", sequential(L.Masking(), L.LSTM(4, go_backwards=True), L.Dense(3)), steps())
for mode in ("sum", "mul", "ave"):
    case(f"bidirectional-{mode}", sequential(L.Masking(), L.Bidirectional(L.LSTM(4), merge_mode=mode), L.Dense(3)), steps())
case("bidirectional-concat", sequential(L.Masking(), L.Bidirectional(L.GRU(4, return_sequences=True)), L.Bidirectional(L.LSTM(3))), steps(), both)
case("bidirectional-own", sequential(L.Bidirectional(L.LSTM(3, return_sequences=True), backward_layer=L.GRU(5, return_sequences=True, go_backwards=True))), steps())
case("rnn-cell", sequential(L.RNN(L.LSTMCell(4), return_sequences=True), L.RNN(L.SimpleRNNCell(5, activation="sigmoid"))), steps())
case("stacked-cells", sequential(L.RNN([L.LSTMCell(4), L.GRUCell(5), L.GRUCell(3, reset_after=False)], return_sequences=True)), steps(), both)
case("stateful", keras.Sequential([keras.Input(batch_shape=(2, 5, 3)), L.LSTM(4, stateful=True, return_sequences=True), L.GRU(5, stateful=True)]), [[numbers(2, 5, 3)], [numbers(2, 5, 3)]])
words = keras.Sequential([keras.Input((None,)), L.Embedding(7, 3, mask_zero=True), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.TimeDistributed(L.Dense(5, "softmax"))])
case("embedding", words, [[np.array([[1, 2, 3, 6, 5], [4, 0, 0, 0, 0], [2, 2, 1, 0, 0]])], [np.array([[6, 5, 0], [1, 3, 4]])]], both)
case("convolution", sequential(L.Conv1D(4, 3, activation="relu", padding="same"), L.MaxPooling1D(2), L.Conv1D(3, 2, padding="causal"), L.AveragePooling1D(2, strides=1), L.Flatten(), L.Dense(3, "tanh"), shape=(7, 3)), steps(time=7))
case("dilated", sequential(L.Conv1D(6, 2, dilation_rate=2, padding="causal", groups=3), L.BatchNormalization(), L.LayerNormalization(epsilon=0.01), L.GroupNormalization(3), L.GlobalAveragePooling1D(), shape=(7, 3)), steps(time=7))
case("pixels", sequential(L.Conv2D(3, (2, 3), strides=(1, 2), padding="same"), L.MaxPooling2D(2, strides=1), L.GlobalMaxPooling2D(keepdims=True), L.Flatten(), shape=(5, 7, 2)), [[numbers(2, 5, 7, 2)], [numbers(3, 5, 7, 2)]])
case("shapes", sequential(L.Permute((2, 1)), L.Reshape((5, -1)), L.ZeroPadding1D((1, 2)), L.Cropping1D(1), L.UpSampling1D(3), L.PReLU(shared_axes=[1]), L.LeakyReLU(negative_slope=0.15), L.Softmax(axis=1), L.GlobalMaxPooling1D(), L.RepeatVector(2), L.ELU(), L.ReLU(6.0)), steps())
case("noise", sequential(L.Dropout(0.3), L.SpatialDropout1D(0.2), L.GaussianNoise(0.2), L.AlphaDropout(0.1), L.ActivityRegularization(l2=0.1), L.Dense(3, kernel_regularizer="l2", bias_constraint="non_neg")), steps())
names = ["relu", "sigmoid", "tanh", "softplus", "softsign", "elu", "selu", "gelu", "silu", "mish", "exponential", "hard_sigmoid", "leaky_relu", "relu6", "linear"]
case("activations", sequential(*[L.Dense(3, name) for name in names], L.Activation("softmax")), steps())


def functional(inputs, outputs):
    return keras.Model(inputs, outputs)


x = keras.Input((5, 3))
f, b = L.Bidirectional(L.LSTM(4, return_sequences=True), merge_mode=None)(x)
case("bidirectional-none", functional(x, [L.Subtract()([f, b]), b]), steps())
x, h, c = keras.Input((5, 3), name="steps"), keras.Input((4,), name="hidden"), keras.Input((4,), name="cell")
y, s, t = L.LSTM(4, return_sequences=True, return_state=True)(x, initial_state=[h, c])
g, u = L.GRU(4, return_state=True)(y, initial_state=s)
case("initial-states", functional([x, h, c], [g, u, t]), [[numbers(3, 5, 3), numbers(3, 4), numbers(3, 4)], [numbers(2, 5, 3), numbers(2, 4), numbers(2, 4)]])
source, target = keras.Input((None, 3)), keras.Input((None, 2))
_, *states = L.Bidirectional(L.LSTM(3, return_state=True))(source)
joined = [L.Concatenate()([states[0], states[2]]), L.Concatenate()([states[1], states[3]])]
decoded = L.LSTM(6, return_sequences=True)(target, initial_state=joined)
case("encoder-decoder", functional([source, target], L.Dense(4, "softmax")(decoded)), [[numbers(3, 5, 3), numbers(3, 4, 2)], [numbers(2, 3, 3), numbers(2, 6, 2)]], both)
x = keras.Input((5, 3))
out, *stacked = L.RNN([L.GRUCell(4), L.LSTMCell(5)], return_state=True)(x)
case("stacked-states", functional(x, [out, *stacked]), steps())
a, b = keras.Input((5, 3)), keras.Input((5, 3))
shared = keras.Sequential([keras.Input((5, 3)), L.GRU(4, return_sequences=True), L.BatchNormalization(trainable=False), L.Dense(3)], name="shared")
merged = [L.Add()([shared(a), shared(b)]), L.Multiply()([a, b]), L.Average()([a, b]), L.Maximum()([a, b]), L.Minimum()([a, b]), a + b, a * b]
case("shared-nested", functional([a, b], [L.Concatenate(axis=1)(merged), L.Dot(axes=(2, 2), normalize=True)([a, b])]), [[numbers(3, 5, 3), numbers(3, 5, 3)], [numbers(2, 5, 3), numbers(2, 5, 3)]], both)
q, v = keras.Input((5, 3)), keras.Input((4, 3))
attended = [
    L.Attention(use_scale=True)([q, v]),
    L.Attention(score_mode="concat", use_scale=True)([q, v, v]),
    L.AdditiveAttention()([q, v], use_causal_mask=True),
    L.MultiHeadAttention(2, 3, value_dim=5, output_shape=3)(q, v),
    L.MultiHeadAttention(3, 2, use_bias=False)(q, v, key=v, use_causal_mask=True),
]
case("attention", functional([q, v], L.Concatenate()(attended)), [[numbers(3, 5, 3), numbers(3, 4, 3)], [numbers(2, 5, 3), numbers(2, 4, 3)]], both)
x, text = keras.Input((5, 3)), keras.Input((6,))
read = L.LSTM(4, return_sequences=True)(L.Masking(-1.5)(x))
sides = L.Add()([read, L.Bidirectional(L.LSTM(2, return_sequences=True))(read)])
case("masks-in-graph", functional([x, text], [L.LSTM(3)(L.Dense(2)(sides)), L.GRU(4)(L.Embedding(7, 3, mask_zero=True)(text))]), [[*a, b] for a, b in zip(steps(padded=-1.5), [np.array([[1, 2, 3, 4, 5, 6], [1, 1, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0]]), np.array([[3, 4, 5, 0, 0, 0], [6, 6, 6, 6, 6, 6]])])])
x = keras.Input((5, 3))
inner_in = keras.Input((5, 3))
inner = keras.Model(inner_in, [L.LSTM(4)(inner_in), L.Dense(2)(inner_in)], name="inner")
first, second = inner(x)
case("nested-outputs", functional(x, {"code": first, "each": L.GRU(3)(second)}), steps())
text = keras.Input((6,))
case("text-classifier", functional(text, L.Dense(3, "softmax")(L.GlobalAveragePooling1D()(L.GRU(4, return_sequences=True)(L.Embedding(9, 5, mask_zero=True)(text))))), [[np.array([[1, 2, 3, 4, 5, 8], [7, 6, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0]])], [np.array([[8, 8, 1, 2, 0, 0], [5, 4, 3, 2, 1, 7]])]], both)

# Weights in bfloat16, computed with what they are rounded to.
half = sequential(L.Dense(4, dtype="bfloat16"), L.Dense(3, dtype="float16"))
single = sequential(L.Dense(4), L.Dense(3))
randomize(half)
single.set_weights([np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(w, "float32"))) for w in half.weights])
case("half-precision", half, steps(), (".keras",), fill=False, by=single)

# The form of Keras 2 and TensorFlow 1 and 2: names end with :0, nodes are lists, shapes are batch_input_shape.
def second_form(layer):
    config = dict(layer["config"])
    if isinstance(config.get("dtype"), dict):
        config["dtype"] = config["dtype"]["config"]["name"]
    for key in list(config):
        if key.endswith("_initializer") and config[key]:
            config[key] = {"class_name": config[key]["class_name"], "config": {"seed": None} if "seed" in config[key]["config"] else {}}
        if key in ("layer", "backward_layer", "cell") and config[key]:
            config[key] = second_form(config[key])
    if "batch_shape" in config:
        config["batch_input_shape"] = config.pop("batch_shape")
        config.pop("optional", None)
    if layer["class_name"] in ("LSTM", "GRU", "LSTMCell", "GRUCell"):
        config["implementation"] = 2
        config.pop("seed", None)
    if layer["class_name"] == "Embedding":
        config["input_length"] = None
    if layer["class_name"] == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    if "layers" in config:
        config["layers"] = [second_form(each) for each in config["layers"]]
        config.pop("dtype", None)
    result = {"class_name": layer["class_name"], "config": config}
    if "inbound_nodes" in layer:
        result["name"] = layer["name"]
        result["inbound_nodes"] = [second_node(node) for node in layer["inbound_nodes"]]
    return result


def history(tensor):
    return tensor["config"]["keras_history"]


def second_node(node):
    args, kwargs = node["args"], {k: v for k, v in node["kwargs"].items() if v is not None}
    given = list(args[0]) if isinstance(args[0], (list, tuple)) else [args[0]]
    states = kwargs.pop("initial_state", [])
    given += states if isinstance(states, (list, tuple)) else [states]
    for key, value in kwargs.items():
        if isinstance(value, dict):
            kwargs[key] = history(value)
    others = args[1:]
    if others:
        kwargs["value"] = history(others[0])
    # Models inside have a first node of their own, which Keras 2 counts.
    places = [history(tensor) for tensor in given]
    return [[name, node + (name == "shared"), tensor, kwargs if i == 0 else {}] for i, (name, node, tensor) in enumerate(places)]


def second_file(model, weights=None, change=lambda config: config, version="2.4.0", split=False, whole=True):
    """A legacy file as Keras 2 wrote it, from the same weights by layer."""
    stream = io.BytesIO()
    with h5py.File(io.BytesIO(saved(model, ".h5"))) as source, h5py.File(stream, "w") as target:
        root = target.create_group("model_weights") if whole else target
        for at in [target, root]:
            at.attrs["keras_version"] = version.encode()
            at.attrs["backend"] = b"tensorflow"
        if whole:
            config = change(second_form(json.loads(source.attrs["model_config"])))
            target.attrs["model_config"] = json.dumps(config).encode()
        names = [name for name in source["model_weights"].attrs["layer_names"]]
        if split:
            for i, part in enumerate(np.array_split(np.array([name.encode() for name in names]), 2)):
                root.attrs[f"layer_names{i}"] = part
        else:
            root.attrs["layer_names"] = np.array([name.encode() for name in names])
        for name in names:
            old, new = source["model_weights"][name], root.create_group(name)
            paths = list(old.attrs["weight_names"])
            values = [np.array(old[path]) for path in paths]
            values = weights(name, values) if weights else values
            new.attrs["weight_names"] = np.array([f"{path}:0".encode() for path in paths]) if paths else np.zeros((0,))
            for path, value in zip(paths, values):
                new.create_dataset(f"{path}:0", data=value)
    return stream.getvalue()


def second(name, source, **options):
    cases.append({"name": f"{name}.h5", "file": packed(second_file(models[source][0], **options)), "runs": source})
    print(cases[-1]["name"], len(cases[-1]["file"]))


for name in ("lstm", "gru-reset-before", "bidirectional-concat", "embedding", "encoder-decoder", "attention", "shared-nested", "stacked-cells"):
    second(f"keras2-{name}", name, split=name == "lstm")

# Keras 2's hard sigmoid is another function; Keras 3 computes it here as one of its own.
steep = lambda v: keras.ops.clip(0.2 * v + 0.5, 0.0, 1.0)
own = sequential(L.LSTM(5, recurrent_activation=steep), L.Dense(3, steep))
named = sequential(L.LSTM(5, recurrent_activation="hard_sigmoid"), L.Dense(3, "hard_sigmoid"))
randomize(named)
own.set_weights(named.get_weights())
batches = [[x * 3] for [x] in steps()]
models["steep"] = (named, batches, runs_of(own, batches))
second("keras2-hard-sigmoid", "steep", version="2.2.4")


def to_cudnn(kernels, gates):
    """Keras 2's own way from a cell's weights to those of cuDNN's layers."""
    kernel, recurrent, bias = kernels
    blocks = np.hstack([block.T.reshape(block.shape, order="C") for block in np.hsplit(kernel, gates)])
    states = np.hstack([block.T for block in np.hsplit(recurrent, gates)])
    share = rng.uniform(size=bias.shape).astype(np.float32)
    biases = np.concatenate([share * bias, bias - share * bias]) if gates == 4 else bias.reshape(-1)
    return [blocks, states, biases]


def cudnn_names(config):
    for layer in config["config"]["layers"]:
        if layer["class_name"] in ("LSTM", "GRU"):
            layer["class_name"] = "CuDNN" + layer["class_name"]
            for key in ("activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout", "implementation", "reset_after", "unroll", "zero_output_for_mask"):
                layer["config"].pop(key, None)
    return config


fast = sequential(L.LSTM(5, return_sequences=True), L.GRU(4), L.Dense(3))
randomize(fast)
models["fast"] = (fast, steps(), None)
models["fast"] = (fast, models["fast"][1], runs_of(fast, models["fast"][1]))
relaid = lambda name, values: to_cudnn(values, 4) if name.startswith("lstm") else to_cudnn(values, 3) if name.startswith("gru") else values
second("keras2-cudnn", "fast", weights=relaid, change=cudnn_names, version="2.1.5")

with open(os.path.join(here, "keras", "models.json"), "w") as file:
    json.dump({"keras": keras.__version__, "h5py": h5py.__version__, "seed": 34, "runs": {name: runs for name, (_, _, runs) in models.items()}, "cases": cases}, file)
    file.write("\n")
