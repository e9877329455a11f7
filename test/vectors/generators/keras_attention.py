"""Cases of the attention layers: cases of merging/ with weights and with masks of the inputs."""

import numpy as np

from .keras_case import assign_random, camel_config, constants, keras, layer_case, named_weights, source, tf
from .vector_file import BATCH, FEATURES, TIME, Draw, write_case

KEYS = 6
QUERY, VALUE = (BATCH, TIME, FEATURES), (BATCH, KEYS, FEATURES)
WIDE_VALUE = (BATCH, KEYS, 5)
# Every query sees a key, also among those that are no later than it.
QUERY_MASK = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
VALUE_MASK = np.array([[1, 1, 0, 1, 0, 1], [1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])


def write_attention_cases():
    _write_attention()
    _write_additive_attention()
    _write_multi_head_attention()


def _write_attention():
    make = keras.layers.Attention
    _write("attention", make, {}, (QUERY, VALUE))
    _write("attention-key", make, {}, (QUERY, WIDE_VALUE, VALUE))
    _write("attention-scale", make, {"use_scale": True}, (QUERY, VALUE))
    _write("attention-concat", make, {"score_mode": "concat"}, (QUERY, VALUE))
    _write("attention-concat-scale", make, {"score_mode": "concat", "use_scale": True}, (QUERY, VALUE))
    _write("attention-causal", make, {"use_scale": True}, (QUERY, VALUE), causal=True)
    _write("attention-mask", make, {}, (QUERY, VALUE), masks=(QUERY_MASK, VALUE_MASK))
    _write("attention-mask-causal", make, {}, (QUERY, VALUE), masks=(None, VALUE_MASK), causal=True)
    _write("attention-concat-mask-causal", make, {"score_mode": "concat"}, (QUERY, VALUE),
           masks=(QUERY_MASK, VALUE_MASK), causal=True)


def _write_additive_attention():
    make = keras.layers.AdditiveAttention
    _write("additive-attention", make, {}, (QUERY, VALUE))
    _write("additive-attention-no-scale", make, {"use_scale": False}, (QUERY, WIDE_VALUE, VALUE))
    _write("additive-attention-mask", make, {}, (QUERY, VALUE), masks=(QUERY_MASK, VALUE_MASK))
    _write("additive-attention-mask-causal", make, {}, (QUERY, VALUE), masks=(None, VALUE_MASK), causal=True)


def _write_multi_head_attention():
    make = keras.layers.MultiHeadAttention
    heads = {"num_heads": 2, "key_dim": 3}
    wide = (QUERY, WIDE_VALUE)
    _write("multi-head-attention", make, heads, wide)
    _write("multi-head-attention-key", make, {**heads, "value_dim": 5}, (QUERY, WIDE_VALUE, (BATCH, KEYS, 9)))
    _write("multi-head-attention-no-bias", make, {**heads, "use_bias": False, "output_shape": 6}, wide)
    _write("multi-head-attention-output-shape", make, {**heads, "output_shape": [2, 3]}, wide)
    _write("multi-head-attention-causal", make, heads, wide, causal=True)
    _write("multi-head-attention-mask", make, heads, wide, masks=(QUERY_MASK, VALUE_MASK))
    _write("multi-head-attention-mask-causal", make, heads, wide, masks=(None, VALUE_MASK), causal=True)
    _write("multi-head-attention-window", make, {**heads, "sliding_window": 2}, wide)
    _write("multi-head-attention-window-mask-causal", make, {**heads, "sliding_window": 5}, wide,
           masks=(QUERY_MASK, VALUE_MASK), causal=True)
    _write("multi-head-attention-gate", make, {**heads, "use_gate": True}, wide)


def _write(name, make, options, shapes, masks=None, causal=False):
    """A case for the output, and one for the scores too."""
    _write_case(name, make, options, shapes, masks, causal, False)
    _write_case(f"{name}-scores", make, options, shapes, masks, causal, True)


def _write_case(name, make, options, shapes, masks, causal, returns_scores):
    draw = Draw(name)
    layer = make(**options)
    layer.build(*shapes) if make is keras.layers.MultiHeadAttention else layer.build(list(shapes))
    weights = named_weights(layer)
    assign_random(weights, draw)
    inputs = {"input": [draw.normal(*shape) for shape in shapes]}
    sources = constants(inputs)
    arguments = {"use_causal_mask": causal, "return_attention_scores": returns_scores}
    counts = [None if mask is None else tf.constant(mask.astype(bool)) for mask in masks or (None, None)]

    def forward():
        """Masked steps are read as zeros, so that their gradients are too."""
        read = [
            x if mask is None else tf.where(mask[..., None], x, 0.0)
            for x, mask in zip(sources["input"], (counts + counts[1:])[: len(shapes)])
        ]
        result = _call(layer, read, None if masks is None else counts, arguments)
        named = {"output": result[0], "scores": result[1]} if returns_scores else {"output": result}
        return _of_counting_queries(layer, named, counts[0])

    config = {
        **camel_config(options),
        **({"useCausalMask": True} if causal else {}),
        **({"returnAttentionScores": True} if returns_scores else {}),
    }
    case = layer_case(draw, type(layer).__name__, config, weights, inputs, forward, sources)
    if masks is not None:
        case["masks"] = [None if mask is None else mask.ravel().tolist() for mask in masks]
    write_case("merging", name, source(draw), case)


def _of_counting_queries(layer, results, mask):
    """For masked queries Keras' several heads give the mean of all values, or a bias, as the version and options are."""
    if mask is None or not isinstance(layer, keras.layers.MultiHeadAttention):
        return results
    axes = {"output": mask[:, :, None], "scores": mask[:, None, :, None]}
    return {name: tf.where(axes[name], result, 0.0) for name, result in results.items()}


def _call(layer, read, masks, arguments):
    if not isinstance(layer, keras.layers.MultiHeadAttention):
        return layer(read, mask=masks, **arguments)
    for x, mask in zip(read, masks or ()):
        keras.src.backend.set_keras_mask(x, mask)
    return layer(*read, **arguments)
