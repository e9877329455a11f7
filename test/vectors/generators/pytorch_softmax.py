"""torch.nn.AdaptiveLogSoftmaxWithLoss, with kernels `[inputs, outputs]` under the names of our layers, and the
cross-entropy of smoothed labels, which Keras has for one-hot targets alone."""

import torch

from .pytorch_case import leaves, source
from .vector_file import BATCH, TIME, Draw, tensor, tensors, write_case

# Wide enough that every projection has a width.
HIDDEN, CLASSES, CUTOFFS, DIV_VALUE = 10, 13, [4, 5, 9], 2.0
# One label at each end of every part.
LABELS = [3, 12, 4, 0, 8, 9, 5]


def write_pytorch_softmax_cases():
    for has_bias in (False, True):
        _write_adaptive("adaptive-head-bias" if has_bias else "adaptive", has_bias)
    for smoothing in (0.15, 1.0):
        _write_smoothed(f"sparse-categorical-crossentropy-smoothed-{smoothing}", smoothing)


def _write_smoothed(name, smoothing):
    draw = Draw(name)
    labels, logits = draw.integers(0, CLASSES, BATCH, TIME), leaves(draw.normal(BATCH, TIME, CLASSES, scale=2.0))
    loss = torch.nn.functional.cross_entropy(
        logits.reshape(-1, CLASSES), torch.tensor(labels).reshape(-1), label_smoothing=smoothing)
    loss.backward()
    write_case("losses", name, source(draw), {
        "loss": "sparseCategoricalCrossentropy",
        "config": {"fromLogits": True, "labelSmoothing": smoothing},
        "yTrue": tensor(labels),
        "yPred": tensor(logits.detach().numpy()),
        "expected": {"value": loss.item(), "gradient": tensor(logits.grad.numpy())},
    })


def _write_adaptive(name, has_bias):
    draw = Draw(name)
    layer = torch.nn.AdaptiveLogSoftmaxWithLoss(HIDDEN, CLASSES, CUTOFFS, div_value=DIV_VALUE, head_bias=has_bias)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.tensor(draw.normal(*parameter.shape, scale=0.5)))
    hidden = leaves(draw.normal(len(LABELS), HIDDEN))
    loss = layer(hidden, torch.tensor(LABELS)).loss
    loss.backward()
    write_case("softmax", name, source(draw), {
        "config": {"units": CLASSES, "cutoffs": CUTOFFS, "divValue": DIV_VALUE, "headBias": has_bias},
        "weights": _by_our_names(layer, lambda weight: weight),
        "hidden": tensors(hidden.detach().numpy()),
        "labels": LABELS,
        "expected": {
            "loss": loss.item(),
            "logProbabilities": tensors(layer.log_prob(hidden).detach().numpy()),
            "gradients": {"hidden": tensors(hidden.grad.numpy()), "weights": _by_our_names(layer, lambda weight: weight.grad)},
        },
    })


def _by_our_names(layer, of):
    kernel = lambda linear: of(linear.weight).detach().numpy().T
    named = {"head/kernel": kernel(layer.head)}
    if layer.head.bias is not None:
        named["head/bias"] = of(layer.head.bias).detach().numpy()
    for i, (projection, output) in enumerate(layer.tail):
        named[f"projection{i}/kernel"] = kernel(projection)
        named[f"output{i}/kernel"] = kernel(output)
    return tensors(named)
