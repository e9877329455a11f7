"""Cases of the recurrent layers: SimpleRNN, LSTM, GRU, RNN over several cells, Bidirectional, Embedding into LSTM."""

from .keras_case import assign_random, camel_config, constants, keras, layer_case, named_weights, write_layer_case
from .vector_file import BATCH, FEATURES, MASK_PADDED_RIGHT, MASK_WITH_GAPS, TIME, UNITS, Draw

STATE_NAMES = {"SimpleRNN": ["hidden"], "GRU": ["hidden"], "LSTM": ["hidden", "cell"]}
SECOND_CELL_UNITS = 6

SEQUENCES = {"return_sequences": True, "return_state": True}
LAST_ONLY = {"return_sequences": False, "return_state": True}


def write_recurrent_cases():
    _write_simple_rnn()
    _write_lstm()
    _write_gru()
    _write_stacked_cells()
    _write_bidirectional()
    _write_embedding_lstm()


def _write_simple_rnn():
    _write_single("simple-rnn-tanh", "SimpleRNN", {"activation": "tanh", **SEQUENCES})
    _write_single("simple-rnn-relu", "SimpleRNN", {"activation": "relu", **SEQUENCES})
    _write_single("simple-rnn-last-only", "SimpleRNN", LAST_ONLY)
    _write_single("simple-rnn-mask-gaps", "SimpleRNN", SEQUENCES, mask=MASK_WITH_GAPS)


def _write_lstm():
    alternative = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}
    _write_single("lstm", "LSTM", SEQUENCES)
    _write_single("lstm-no-initial-state", "LSTM", SEQUENCES, with_state=False)
    _write_single("lstm-softsign-hard-sigmoid", "LSTM", {**alternative, **SEQUENCES})
    _write_single("lstm-no-bias", "LSTM", {"use_bias": False, **SEQUENCES})
    _write_single("lstm-last-only", "LSTM", LAST_ONLY)
    _write_single("lstm-go-backwards", "LSTM", {"go_backwards": True, **SEQUENCES})
    _write_single("lstm-mask-gaps", "LSTM", SEQUENCES, mask=MASK_WITH_GAPS)
    _write_single("lstm-mask-gaps-last-only", "LSTM", LAST_ONLY, mask=MASK_WITH_GAPS)
    _write_single("lstm-mask-gaps-go-backwards", "LSTM", {"go_backwards": True, **SEQUENCES}, mask=MASK_WITH_GAPS)
    zero_output = {"zero_output_for_mask": True}
    _write_single("lstm-mask-gaps-zero-output", "LSTM", {**zero_output, **SEQUENCES}, mask=MASK_WITH_GAPS)
    _write_single("lstm-mask-right", "LSTM", SEQUENCES, mask=MASK_PADDED_RIGHT)


def _write_gru():
    before = {"reset_after": False}
    _write_single("gru-reset-after", "GRU", {"reset_after": True, **SEQUENCES})
    _write_single("gru-reset-before", "GRU", {**before, **SEQUENCES})
    _write_single("gru-no-bias", "GRU", {"use_bias": False, **SEQUENCES})
    _write_single("gru-last-only", "GRU", LAST_ONLY)
    _write_single("gru-go-backwards", "GRU", {"go_backwards": True, **SEQUENCES})
    _write_single("gru-mask-gaps", "GRU", SEQUENCES, mask=MASK_WITH_GAPS)
    _write_single("gru-mask-right", "GRU", SEQUENCES, mask=MASK_PADDED_RIGHT)
    _write_single("gru-reset-before-mask-gaps", "GRU", {**before, **SEQUENCES}, mask=MASK_WITH_GAPS)
    _write_single("gru-reset-before-go-backwards", "GRU", {**before, "go_backwards": True, **SEQUENCES})


def _draw_state(draw, names, units=UNITS):
    return {name: draw.normal(BATCH, units) for name in names}


def _write_single(name, kind, options, mask=None, with_state=True):
    draw = Draw(name)
    layer = getattr(keras.layers, kind)(UNITS, **options)
    layer.build((BATCH, TIME, FEATURES))
    names = STATE_NAMES[kind]
    state = _draw_state(draw, names) if with_state else None

    def call(input_tensor, state_tensors):
        output, *final = layer(input_tensor, initial_state=_flat(state_tensors, names), mask=mask)
        return {"output": output, "finalState": dict(zip(names, final))}

    config = camel_config({"units": UNITS, **options})
    _write(name, draw, kind, config, layer, state, mask, call)


def _flat(state_tensors, names):
    """Keras wants the states by position."""
    return None if state_tensors is None else [state_tensors[name] for name in names]


def _write(name, draw, kind, config, layer, state, mask, call):
    """Draws what is left to draw, runs `call(input, initialState)` and writes the case."""
    weights = named_weights(layer)
    assign_random(weights, draw)
    inputs = {"input": draw.normal(BATCH, TIME, FEATURES)}
    if state is not None:
        inputs["initialState"] = state
    sources = constants(inputs)
    if mask is not None:
        inputs["mask"] = mask

    def forward():
        return call(sources["input"], sources.get("initialState"))

    write_layer_case(name, draw, layer_case(draw, kind, config, weights, inputs, forward, sources))


def _write_stacked_cells():
    lstm_pair = [_cell("lstm", UNITS), _cell("lstm", SECOND_CELL_UNITS)]
    _write_cells("rnn-two-lstm-cells", lstm_pair)
    _write_cells("rnn-two-lstm-cells-mask-gaps", lstm_pair, mask=MASK_WITH_GAPS)
    _write_cells("rnn-gru-cell-lstm-cell", [_cell("gru", UNITS), _cell("lstm", SECOND_CELL_UNITS)])
    _write_cells("rnn-cells-with-options", [
        _cell("lstm", UNITS, activation="softsign", use_bias=False),
        _cell("gru", SECOND_CELL_UNITS, recurrent_activation="hard_sigmoid"),
    ])


def _cell(kind, units, **options):
    return {"cell": kind, "units": units, "options": options}


def _write_cells(name, cells, mask=None):
    draw = Draw(name)
    classes = {"lstm": keras.layers.LSTMCell, "gru": keras.layers.GRUCell}
    names = [STATE_NAMES[each["cell"].upper()] for each in cells]
    layer = keras.layers.RNN([classes[each["cell"]](each["units"], **each["options"]) for each in cells], **SEQUENCES)
    layer.build((BATCH, TIME, FEATURES))
    state = {f"cell{i}": _draw_state(draw, names[i], each["units"]) for i, each in enumerate(cells)}

    def call(input_tensor, state_tensors):
        given = [_flat(state_tensors[f"cell{i}"], names[i]) for i in range(len(cells))]
        output, *final = layer(input_tensor, initial_state=given, mask=mask)
        final_state = {
            f"cell{i}": dict(zip(names[i], final[i] if isinstance(final[i], (list, tuple)) else [final[i]]))
            for i in range(len(cells))
        }
        return {"output": output, "finalState": final_state}

    described = [{"cell": each["cell"], "units": each["units"], **camel_config(each["options"])} for each in cells]
    _write(name, draw, "RNN", {"cells": described, **camel_config(SEQUENCES)}, layer, state, mask, call)


def _write_bidirectional():
    for merge_mode in ("concat", "sum", "mul", "ave", None):
        _write_both_ways(f"bidirectional-lstm-{merge_mode or 'unmerged'}", "LSTM", SEQUENCES, merge_mode)
    _write_both_ways("bidirectional-lstm-last-only", "LSTM", LAST_ONLY, "concat")
    _write_both_ways("bidirectional-lstm-mask-gaps", "LSTM", SEQUENCES, "concat", mask=MASK_WITH_GAPS)
    _write_both_ways("bidirectional-lstm-mask-right-last-only", "LSTM", LAST_ONLY, "concat", mask=MASK_PADDED_RIGHT)
    _write_both_ways("bidirectional-gru-concat-mask-gaps", "GRU", SEQUENCES, "concat", mask=MASK_WITH_GAPS)
    _write_both_ways("bidirectional-gru-concat-mask-right", "GRU", SEQUENCES, "concat", mask=MASK_PADDED_RIGHT)


def _write_both_ways(name, kind, options, merge_mode, mask=None):
    draw = Draw(name)
    layer = keras.layers.Bidirectional(getattr(keras.layers, kind)(UNITS, **options), merge_mode=merge_mode)
    layer.build((BATCH, TIME, FEATURES))
    names = STATE_NAMES[kind]
    state = {direction: _draw_state(draw, names) for direction in ("forward", "backward")}

    def call(input_tensor, state_tensors):
        given = _flat(state_tensors["forward"], names) + _flat(state_tensors["backward"], names)
        results = layer(input_tensor, initial_state=given, mask=mask)
        num_outputs = 1 if merge_mode else 2
        outputs, final = results[:num_outputs], results[num_outputs:]
        return {
            "output": outputs[0] if merge_mode else {"forward": outputs[0], "backward": outputs[1]},
            "finalState": {
                "forward": dict(zip(names, final[: len(names)])),
                "backward": dict(zip(names, final[len(names) :])),
            },
        }

    inner = {"layer": kind, "config": camel_config({"units": UNITS, **options})}
    config = {"layer": inner, "mergeMode": merge_mode}
    _write(name, draw, "Bidirectional", config, layer, state, mask, call)


def _write_embedding_lstm():
    """Index 0 is padding: one row padded on the right, one on the left with a gap, one empty."""
    name = "embedding-mask-zero-lstm"
    draw = Draw(name)
    vocabulary = 11
    indices = draw.integers(1, vocabulary, BATCH, TIME)
    indices[0, 3:] = 0
    indices[1, 0] = indices[1, 2] = 0
    indices[2, :] = 0
    embedding = keras.layers.Embedding(vocabulary, FEATURES, mask_zero=True)
    lstm = keras.layers.LSTM(UNITS, **SEQUENCES)
    embedding.build((BATCH, TIME))
    lstm.build((BATCH, TIME, FEATURES))
    weights = {
        **{f"embedding.{key}": weight for key, weight in named_weights(embedding).items()},
        **{f"lstm.{key}": weight for key, weight in named_weights(lstm).items()},
    }
    assign_random(weights, draw)

    def forward():
        output, hidden, cell = lstm(embedding(indices), mask=embedding.compute_mask(indices))
        return {"output": output, "finalState": {"hidden": hidden, "cell": cell}}

    config = {
        "layers": [
            {"layer": "Embedding", "name": "embedding",
             "config": {"inputDim": vocabulary, "outputDim": FEATURES, "maskZero": True}},
            {"layer": "LSTM", "name": "lstm", "config": camel_config({"units": UNITS, **SEQUENCES})},
        ]
    }
    case = layer_case(draw, "Sequential", config, weights, {"input": indices}, forward, {})
    write_layer_case(name, draw, case)
