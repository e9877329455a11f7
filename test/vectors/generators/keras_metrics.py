"""Cases of metrics/. Where Keras has no such metric, the file states the formula and numpy computes it."""

import numpy as np

from .keras_case import camel_config, keras, source
from .vector_file import Draw, tensor, write_case

EXAMPLES, CLASSES, OUTPUTS = 23, 5, 3
metrics = keras.metrics


def write_metric_cases():
    _write_accuracies()
    _write_top_k()
    _write_precision_recall_f1()
    _write_area_under_curve()
    _write_perplexity()
    _write_regression()
    _write_forecast_errors()


def _write_case(name, metric, options, draw, arrays, value, **facts):
    expected = {"value": float(value) if np.ndim(value) == 0 else tensor(value)}
    given = {key: tensor(array) for key, array in arrays.items() if array is not None}
    case = {"metric": metric, "config": camel_config(options), **facts, **given, "expected": expected}
    write_case("metrics", name, source(draw), case)


def _write_keras(name, metric_name, metric_class, options, draw, y_true, y_pred, weighted=False):
    """The metric once without and, where asked, once with a weight for each example."""
    weights = draw.uniform(0.2, 2.0, len(y_true))
    for suffix, weight in [("", None)] + ([("-weighted", weights)] if weighted else []):
        metric = metric_class(dtype="float64", **options)
        metric.update_state(y_true, y_pred, sample_weight=weight)
        arrays = {"yTrue": y_true, "yPred": np.round(np.asarray(y_pred, dtype=float), 4), "sampleWeight": weight}
        _write_case(name + suffix, metric_name, options, draw, arrays, np.asarray(metric.result()))


def _scores(draw, *shape):
    """Probabilities with two decimals, so that several are equal."""
    return np.round(draw.uniform(0.02, 0.98, *shape), 2)


def _write_accuracies():
    draw = Draw("accuracy")
    labels, guesses = draw.integers(0, 3, EXAMPLES), draw.integers(0, 3, EXAMPLES)
    _write_keras("accuracy", "accuracy", metrics.Accuracy, {}, draw, labels, guesses, weighted=True)

    draw = Draw("binary-accuracy")
    labels, scores = draw.integers(0, 2, EXAMPLES, 1), _scores(draw, EXAMPLES, 1)
    for name, options in [("binary-accuracy", {"threshold": 0.5}), ("binary-accuracy-threshold", {"threshold": 0.3})]:
        _write_keras(name, "binaryAccuracy", metrics.BinaryAccuracy, options, draw, labels, scores, weighted=True)

    draw = Draw("categorical-accuracy")
    one_hot, predicted = draw.one_hot(CLASSES, EXAMPLES), draw.probabilities(EXAMPLES, CLASSES)
    _write_keras("categorical-accuracy", "categoricalAccuracy", metrics.CategoricalAccuracy, {}, draw, one_hot,
                 predicted, weighted=True)
    _write_keras("sparse-categorical-accuracy", "sparseCategoricalAccuracy", metrics.SparseCategoricalAccuracy, {},
                 draw, one_hot.argmax(axis=-1), predicted, weighted=True)


def _write_top_k():
    """TensorFlow ranks float32 only. Values of four decimals keep their order in it."""
    draw = Draw("top-k-categorical-accuracy")
    one_hot, predicted = draw.one_hot(CLASSES, EXAMPLES), draw.probabilities(EXAMPLES, CLASSES)
    ranked = predicted.astype("float32")
    for k in (1, 2, 3):
        _write_keras(f"top-{k}-categorical-accuracy", "topKCategoricalAccuracy", metrics.TopKCategoricalAccuracy,
                     {"k": k}, draw, one_hot, ranked)
        _write_keras(f"sparse-top-{k}-categorical-accuracy", "sparseTopKCategoricalAccuracy",
                     metrics.SparseTopKCategoricalAccuracy, {"k": k}, draw, one_hot.argmax(axis=-1), ranked)


def _write_precision_recall_f1():
    draw = Draw("precision-recall")
    labels, scores = draw.integers(0, 2, EXAMPLES), _scores(draw, EXAMPLES)
    for threshold in (0.5, 0.3):
        suffix = "" if threshold == 0.5 else "-threshold"
        options = {"thresholds": threshold}
        _write_keras(f"precision{suffix}", "precision", metrics.Precision, options, draw, labels, scores, weighted=True)
        _write_keras(f"recall{suffix}", "recall", metrics.Recall, options, draw, labels, scores, weighted=True)
    _write_f1_binary(draw, labels, scores)
    _write_f1_classes()


def _write_f1_binary(draw, labels, scores):
    _write_f1("f1-binary", {"average": "micro", "threshold": 0.5}, draw, labels[:, None], scores[:, None])


def _write_f1_classes():
    draw = Draw("f1-classes")
    one_hot, predicted = draw.one_hot(CLASSES, EXAMPLES), draw.probabilities(EXAMPLES, CLASSES)
    for average in ("micro", "macro", "weighted", None):
        _write_f1(f"f1-{average or 'per-class'}", {"average": average}, draw, one_hot, predicted)


def _write_f1(name, options, draw, y_true, y_pred):
    """Keras adds 1e-7 to the denominators. The file has the quotient itself, compared with Keras here."""
    for suffix, weights in [("", np.ones(EXAMPLES)), ("-weighted", draw.uniform(0.2, 2.0, EXAMPLES))]:
        metric = metrics.F1Score(dtype="float64", **options)
        metric.update_state(y_true, y_pred, sample_weight=weights)
        value = _f1(y_true, _chosen(y_pred, options.get("threshold")), weights[:, None], options["average"])
        np.testing.assert_allclose(value, np.asarray(metric.result()), atol=1e-6)
        arrays = {"yTrue": y_true, "yPred": y_pred, "sampleWeight": weights if suffix else None}
        _write_case(name + suffix, "f1Score", options, draw, arrays, value,
                    formula="2 * tp / (2 * tp + fp + fn), 0 where there is neither; micro: tp, fp, fn summed over "
                            "classes first; weighted: by the weight of the true examples of each class")


def _chosen(y_pred, threshold):
    """1 where a score exceeds the threshold or, without threshold, where it is the row's largest."""
    return y_pred > threshold if threshold is not None else y_pred == y_pred.max(axis=-1, keepdims=True)


def _f1(y_true, chosen, weights, average):
    true, chosen = (y_true == 1) * weights, chosen * weights
    true_positives = (true * (chosen > 0)).sum(axis=0)
    denominator = true.sum(axis=0) + chosen.sum(axis=0)
    if average == "micro":
        return 2 * true_positives.sum() / denominator.sum()
    per_class = 2 * true_positives / np.where(denominator == 0, 1, denominator)
    if average is None:
        return per_class
    return per_class.mean() if average == "macro" else np.average(per_class, weights=true.sum(axis=0))


def _write_area_under_curve():
    draw = Draw("auc")
    labels, scores = draw.integers(0, 2, EXAMPLES), _scores(draw, EXAMPLES)
    for curve in ("ROC", "PR"):
        options = {"num_thresholds": 200, "curve": curve, "summation_method": "interpolation"}
        _write_keras(f"auc-{curve.lower()}-200-thresholds", "auc", metrics.AUC, options, draw, labels, scores,
                     weighted=True)
    for suffix, weights in [("", None), ("-weighted", draw.uniform(0.2, 2.0, EXAMPLES))]:
        arrays = {"yTrue": labels, "yPred": scores, "sampleWeight": weights}
        value = _exact_area_under_roc(labels, scores, np.ones(EXAMPLES) if weights is None else weights)
        _write_case(f"auc-roc-exact{suffix}", "auc", {"curve": "ROC"}, draw, arrays, value,
                    formula="share of (positive, negative) pairs, by product of weights, that the score ranks "
                            "correctly, ties count one half; equals the trapezoidal area under the exact ROC curve")


def _exact_area_under_roc(labels, scores, weights):
    positive, negative = labels == 1, labels == 0
    pair_weights = np.outer(weights[positive], weights[negative])
    difference = np.subtract.outer(scores[positive], scores[negative])
    return (pair_weights * ((difference > 0) + 0.5 * (difference == 0))).sum() / pair_weights.sum()


def _write_perplexity():
    draw = Draw("perplexity")
    labels, predicted = draw.integers(0, CLASSES, EXAMPLES), draw.probabilities(EXAMPLES, CLASSES)
    of_label = predicted[np.arange(EXAMPLES), labels] / predicted.sum(axis=-1)
    for suffix, weights in [("", None), ("-weighted", draw.uniform(0.2, 2.0, EXAMPLES))]:
        arrays = {"yTrue": labels, "yPred": predicted, "sampleWeight": weights}
        value = np.exp(-np.average(np.log(of_label), weights=weights))
        _write_case(f"perplexity{suffix}", "perplexity", {}, draw, arrays, value,
                    formula="exp(sum(w * -log(p / sum(p)) of the true class) / sum(w))")


def _write_regression():
    draw = Draw("regression")
    y_true = draw.normal(EXAMPLES, OUTPUTS)
    y_pred = np.round(y_true + draw.normal(EXAMPLES, OUTPUTS, scale=0.6), 4)
    for name, metric_name, metric_class in [
        ("mean-absolute-error", "meanAbsoluteError", metrics.MeanAbsoluteError),
        ("mean-squared-error", "meanSquaredError", metrics.MeanSquaredError),
        ("root-mean-squared-error", "rootMeanSquaredError", metrics.RootMeanSquaredError),
    ]:
        _write_keras(name, metric_name, metric_class, {}, draw, y_true, y_pred, weighted=True)
    for aggregation in ("uniform_average", "variance_weighted_average", None):
        name = f"r2-{(aggregation or 'per-output').replace('_', '-')}"
        _write_keras(name, "r2Score", metrics.R2Score, {"class_aggregation": aggregation}, draw, y_true, y_pred,
                     weighted=True)


def _write_forecast_errors():
    """Hyndman and Koehler 2006, Another look at measures of forecast accuracy; Makridakis et al. 2020, M4."""
    draw = Draw("forecast")
    y_true, y_pred = draw.normal(EXAMPLES), draw.normal(EXAMPLES)
    past = np.round(np.cumsum(draw.normal(31)), 4)
    error = np.abs(y_true - y_pred)
    for seasonality in (1, 7):
        scale = np.abs(past[seasonality:] - past[:-seasonality]).mean()
        arrays = {"yTrue": y_true, "yPred": y_pred, "trainingSeries": past}
        _write_case(f"mase-seasonality-{seasonality}", "mase", {"seasonality": seasonality}, draw, arrays,
                    error.mean() / scale,
                    formula="mean(|yTrue - yPred|) / mean(|s[t] - s[t - m]| for t >= m), s = trainingSeries, "
                            "m = seasonality")
    arrays = {"yTrue": y_true, "yPred": y_pred}
    value = 100 * np.mean(2 * error / (np.abs(y_true) + np.abs(y_pred)))
    _write_case("smape", "smape", {}, draw, arrays, value,
                formula="100 * mean(2 * |yTrue - yPred| / (|yTrue| + |yPred|))")
