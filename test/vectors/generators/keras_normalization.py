"""Cases of the layers that normalise over the batch or over groups of features."""

from .keras_case import assign_random, camel_config, constants, keras, layer_case, named_weights, tf, values
from .keras_case import write_layer_case
from .vector_file import BATCH, FEATURES, MASK_WITH_GAPS, TIME, Draw, tensors

SEQUENCE = (BATCH, TIME, FEATURES)
GRID = (BATCH, TIME, 6, 2)


def write_normalization_cases():
    _write_batch_normalization()
    _write_group_normalization()


def _write_batch_normalization():
    make = keras.layers.BatchNormalization
    for suffix, shape, options in (
        ("", SEQUENCE, {}),
        ("-vectors", (6, FEATURES), {"momentum": 0.75, "epsilon": 0.25}),
        ("-no-center", SEQUENCE, {"center": False}),
        ("-no-scale", SEQUENCE, {"scale": False}),
        ("-axis", SEQUENCE, {"axis": 1, "momentum": 0.5}),
        ("-grid", GRID, {"axis": 2, "center": False, "scale": False}),
    ):
        _write(f"batch-normalization{suffix}", make(**options), options, shape)
        _write(f"batch-normalization-training{suffix}", make(**options), options, shape, training=True)
    _write("batch-normalization-mask", make(), {}, SEQUENCE, mask=MASK_WITH_GAPS)
    # Keras adds 1e-7 to the number of steps that count, lest it be 0.
    keras.config.set_epsilon(0)
    _write("batch-normalization-training-mask", make(), {}, SEQUENCE, mask=MASK_WITH_GAPS, training=True)
    keras.config.set_epsilon(1e-7)


def _write_group_normalization():
    for suffix, shape, options in (
        ("", (BATCH, TIME, 6), {"groups": 2}),
        ("-one", SEQUENCE, {"groups": 1, "epsilon": 0.25}),
        ("-instance", SEQUENCE, {"groups": -1}),
        ("-vectors", (BATCH, 6), {"groups": 3, "scale": False}),
        ("-axis", GRID, {"groups": 3, "axis": 2, "center": False}),
    ):
        layer = keras.layers.GroupNormalization(**options)
        _write(f"group-normalization{suffix}", layer, options, shape)


def _write(name, layer, options, shape, mask=None, training=False):
    """In training the gradients are those of gamma and beta, and the case has the moving statistics afterwards."""
    draw = Draw(name)
    layer.build(shape)
    weights = named_weights(layer)
    assign_random(weights, draw)
    before = tensors(values(weights))
    moving = {key: weight for key, weight in weights.items() if training and not weight.trainable}
    differentiable = {key: weight for key, weight in weights.items() if key not in moving}
    inputs = {"input": draw.normal(*shape), **({} if mask is None else {"mask": mask})}
    sources = constants({"input": inputs["input"]})
    given = {"training": True} if training else {}

    def forward():
        """Masked steps are read as zeros, so that their gradients are too."""
        if mask is None:
            return {"output": layer(sources["input"], **given)}
        counts = tf.constant(mask.astype(bool))
        read = tf.where(counts[..., None], sources["input"], 0.0)
        return {"output": layer(read, mask=counts, **given)}

    case = layer_case(
        draw, type(layer).__name__, camel_config(options), differentiable, inputs, forward, sources
    )
    case["weights"] = before
    if training:
        case["training"] = True
        case["expected"]["updatedWeights"] = tensors(values(moving))
    write_layer_case(name, draw, case)
