"""Cases of losses/: value and gradient with respect to the prediction. Keras' reduction is sum_over_batch_size."""

import numpy as np

from .keras_case import camel_config, keras, source, tf
from .vector_file import BATCH, FEATURES, MASK_WITH_GAPS, TIME, Draw, camel_case, tensor, write_case

CLASSES = 5
losses = keras.losses


def write_loss_cases():
    _write_regression()
    _write_distributions()
    _write_binary()
    _write_categorical()
    _write_sparse_categorical()
    _write_quantile()


def _write(name, loss_class, options, draw, y_true, y_pred, **weighting):
    loss = loss_class(reduction="sum_over_batch_size", **options)
    loss_name = camel_case(losses.serialize(loss)["config"]["name"].removesuffix("_loss"))
    _write_values(name, loss_name, options, draw, y_true, y_pred, lambda *given: loss(*given), **weighting)


def _write_values(name, loss_name, options, draw, y_true, y_pred, evaluate, sample_weight=None, mask=None, **facts):
    """`evaluate(yTrue, yPred, sampleWeight)`. A mask reaches the loss as Keras layers pass it: on the prediction."""
    prediction = tf.constant(y_pred, dtype="float64")
    if mask is not None:
        prediction._keras_mask = tf.constant(mask.astype(bool))
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        value = evaluate(y_true, prediction, sample_weight)
    gradient = tape.gradient(value, prediction).numpy()
    case = {"loss": loss_name, "config": camel_config(options), "yTrue": tensor(y_true), "yPred": tensor(y_pred)}
    if sample_weight is not None:
        case["sampleWeight"] = tensor(sample_weight)
    if mask is not None:
        case["mask"] = tensor(mask)
    expected = {"value": float(value), "gradient": tensor(gradient)}
    write_case("losses", name, source(draw), {**facts, **case, "expected": expected})


def _write_weightings(name, loss_class, options, targets, predictions):
    """A loss plainly, over a sequence with a weight per row or per step, and over a sequence with a mask."""
    _write_weighting(name, loss_class, options, targets, predictions, (BATCH,))
    _write_weighting(f"{name}-row-weight", loss_class, options, targets, predictions, (BATCH,), weight_shape=(BATCH,))
    steps = (BATCH, TIME)
    _write_weighting(f"{name}-step-weight", loss_class, options, targets, predictions, steps, weight_shape=steps)
    mask = MASK_WITH_GAPS
    _write_weighting(f"{name}-mask", loss_class, options, targets, predictions, steps, mask=mask)
    _write_weighting(f"{name}-mask-step-weight", loss_class, options, targets, predictions, steps, steps, mask)


def _write_weighting(name, loss_class, options, targets, predictions, outer_shape, weight_shape=None, mask=None):
    draw = Draw(name)
    y_true, y_pred = targets(draw, outer_shape), predictions(draw, outer_shape)
    weight = None if weight_shape is None else draw.uniform(0.2, 2.0, *weight_shape)
    _write(name, loss_class, options, draw, y_true, y_pred, sample_weight=weight, mask=mask)


def _normal(draw, outer_shape):
    return draw.normal(*outer_shape, FEATURES)


def _near_one(draw, outer_shape):
    return draw.uniform(0.2, 3.0, *outer_shape, FEATURES)


def _write_plain(name, loss_class, options, targets, predictions):
    _write_weighting(name, loss_class, options, targets, predictions, (BATCH,))


def _write_regression():
    _write_weightings("mean-squared-error", losses.MeanSquaredError, {}, _normal, _normal)
    _write_weightings("mean-absolute-error", losses.MeanAbsoluteError, {}, _normal, _normal)
    _write_plain("huber", losses.Huber, {"delta": 1.0}, _normal, _normal)
    _write_plain("huber-narrow", losses.Huber, {"delta": 0.35}, _normal, _normal)
    _write_plain("log-cosh", losses.LogCosh, {}, _normal, _normal)
    _write_plain("cosine-similarity", losses.CosineSimilarity, {"axis": -1}, _normal, _normal)
    _write_plain("poisson", losses.Poisson, {}, _near_one, _near_one)
    _write_log_cosh_far()


def _write_log_cosh_far():
    """cosh overflows at these distances, its logarithm does not."""
    draw = Draw("log-cosh-far")
    y_true, y_pred = draw.normal(BATCH, FEATURES), draw.normal(BATCH, FEATURES, scale=800.0)
    _write("log-cosh-far", losses.LogCosh, {}, draw, y_true, y_pred)


def _distribution(draw, outer_shape):
    return draw.probabilities(*outer_shape, CLASSES)


def _write_distributions():
    _write_plain("kl-divergence", losses.KLDivergence, {}, _distribution, _distribution)


def _binary_labels(draw, outer_shape):
    return draw.integers(0, 2, *outer_shape, FEATURES)


def _probability(draw, outer_shape):
    return draw.uniform(0.05, 0.95, *outer_shape, FEATURES)


def _logits(draw, outer_shape):
    return draw.normal(*outer_shape, FEATURES, scale=2.0)


def _write_binary():
    loss, name = losses.BinaryCrossentropy, "binary-crossentropy"
    smooth = {"label_smoothing": 0.1}
    _write_weightings(name, loss, {"from_logits": False, "label_smoothing": 0.0}, _binary_labels, _probability)
    _write_plain(f"{name}-smoothing", loss, {"from_logits": False, **smooth}, _binary_labels, _probability)
    _write_plain(f"{name}-logits", loss, {"from_logits": True, "label_smoothing": 0.0}, _binary_labels, _logits)
    _write_plain(f"{name}-logits-smoothing", loss, {"from_logits": True, **smooth}, _binary_labels, _logits)
    draw = Draw(f"{name}-logits-extremes")
    logits = np.array([[-500, 500, -40, 40, 1e-9, -750.5, 0.5]])
    labels = np.array([[0, 1, 1, 0, 1, 1, 0]])
    _write(f"{name}-logits-extremes", loss, {"from_logits": True, "label_smoothing": 0.0}, draw, labels, logits)
    probabilities = np.array([[0.0, 1.0, 0.0, 1.0, 1e-9, 1 - 1e-9, 0.25]])
    draw = Draw(f"{name}-clipped")
    _write(f"{name}-clipped", loss, {"from_logits": False, "label_smoothing": 0.0}, draw, labels, probabilities)


def _one_hot(draw, outer_shape):
    return draw.one_hot(CLASSES, *outer_shape)


def _class_logits(draw, outer_shape):
    return draw.normal(*outer_shape, CLASSES, scale=2.0)


def _write_categorical():
    loss, name = losses.CategoricalCrossentropy, "categorical-crossentropy"
    smooth = {"label_smoothing": 0.1}
    _write_weightings(name, loss, {"from_logits": False, "label_smoothing": 0.0}, _one_hot, _distribution)
    _write_plain(f"{name}-smoothing", loss, {"from_logits": False, **smooth}, _one_hot, _distribution)
    _write_plain(f"{name}-logits", loss, {"from_logits": True, "label_smoothing": 0.0}, _one_hot, _class_logits)
    _write_plain(f"{name}-logits-smoothing", loss, {"from_logits": True, **smooth}, _one_hot, _class_logits)
    _write_plain(f"{name}-soft-targets", loss, {"from_logits": False, "label_smoothing": 0.0},
                 _distribution, _distribution)


def _class_index(draw, outer_shape):
    return draw.integers(0, CLASSES, *outer_shape)


def _write_sparse_categorical():
    loss, name = losses.SparseCategoricalCrossentropy, "sparse-categorical-crossentropy"
    _write_weightings(name, loss, {"from_logits": False}, _class_index, _distribution)
    _write_plain(f"{name}-logits", loss, {"from_logits": True}, _class_index, _class_logits)
    draw = Draw(f"{name}-logits-extremes")
    logits = np.array([[500, -500, 0.5, 499.5, 3], [-700, -701, -702.5, -703, -800], [40, 0, -40, 39, 41.5]])
    _write(f"{name}-logits-extremes", loss, {"from_logits": True}, draw, np.array([3, 4, 2]), logits)


def _write_quantile():
    """Koenker and Bassett 1978, Regression quantiles. Keras has no such loss; TensorFlow only differentiates it."""
    for quantile in (0.5, 0.9):
        name = f"quantile-{quantile}".replace(".", "")
        draw = Draw(name)

        def evaluate(y_true, y_pred, _sample_weight, quantile=quantile):
            error = y_true - y_pred
            return tf.reduce_mean(tf.maximum(quantile * error, (quantile - 1) * error))

        _write_values(
            name, "quantile", {"quantile": quantile}, draw, _normal(draw, (BATCH,)), _normal(draw, (BATCH,)), evaluate,
            formula="mean(max(q * e, (q - 1) * e)), e = yTrue - yPred",
        )
