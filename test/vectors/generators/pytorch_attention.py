"""torch.nn.functional.scaled_dot_product_attention, with heads behind the time axis: [batch, time, heads, depth]."""

import torch

from .pytorch_case import arrays, differentiate, leaves, source
from .vector_file import BATCH, Draw, tensor, tensors, write_case

QUERIES, KEYS, HEADS, DEPTH, VALUE_DEPTH = 5, 7, 2, 6, 9


def write_pytorch_attention_cases():
    _write("plain", {})
    _write("scale", {"scale": 1.3})
    _write("causal", {"isCausal": True})
    _write("mask-of-keys", {}, mask_shape=(BATCH, 1, 1, KEYS))
    _write("mask-of-queries-and-keys", {"scale": 0.7}, mask_shape=(QUERIES, KEYS))
    _write("mask-of-heads", {}, mask_shape=(BATCH, HEADS, QUERIES, KEYS))


def _write(name, config, mask_shape=None):
    draw = Draw(f"attention {name}")
    inputs = leaves({
        "query": draw.normal(BATCH, QUERIES, HEADS, DEPTH),
        "key": draw.normal(BATCH, KEYS, HEADS, DEPTH),
        "value": draw.normal(BATCH, KEYS, HEADS, VALUE_DEPTH),
    })
    mask = None
    if mask_shape is not None:
        mask = draw.integers(0, 2, *mask_shape)
        # PyTorch has no result for a query that sees no key.
        mask[..., 0] = 1
    output = torch.nn.functional.scaled_dot_product_attention(
        *(value.transpose(1, 2) for value in inputs.values()),
        attn_mask=None if mask is None else torch.tensor(mask, dtype=torch.bool),
        is_causal=config.get("isCausal", False),
        scale=config.get("scale"),
    ).transpose(1, 2)
    cotangents, gradients = differentiate(output, inputs, draw)
    write_case("attention", name, source(draw), {
        "config": config,
        "inputs": tensors(arrays(inputs)) | ({} if mask is None else {"mask": tensor(mask)}),
        "cotangents": {"output": tensor(cotangents)},
        "expected": {"output": tensor(arrays(output)), "gradients": tensors(gradients)},
    })
