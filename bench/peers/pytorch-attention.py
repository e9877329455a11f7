"""Attention of several heads by PyTorch, forward and backward, timed on request by bench/attention.ts."""

import os

from peer_protocol import NUM_THREADS, leave_missing, read_arrays, serve, write_output

os.environ["OMP_NUM_THREADS"] = str(NUM_THREADS)
os.environ["MKL_NUM_THREADS"] = str(NUM_THREADS)

try:
    import numpy as np
    import torch
    from torch.nn import functional as F
except ModuleNotFoundError as missing:
    leave_missing(missing)

torch.set_num_threads(NUM_THREADS)


def fused(query, key, value):
    return F.scaled_dot_product_attention(query, key, value)


def explicit(query, key, value):
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return torch.softmax(scores, -1) @ value


class AttentionCase:
    def __init__(self, case, directory):
        arrays = read_arrays(directory)
        self.heads = case["heads"]
        self.inputs = [torch.tensor(arrays[name]).requires_grad_() for name in ("query", "key", "value")]
        self.variants = {
            "scaled_dot_product_attention": lambda: self.gradients(fused),
            "matmul and softmax": lambda: self.gradients(explicit),
        }

    def gradients(self, attend):
        heads = [values.unflatten(-1, (self.heads, -1)).transpose(1, 2) for values in self.inputs]
        return torch.autograd.grad(attend(*heads).transpose(1, 2).square().sum(), self.inputs)

    def check(self, directory):
        gradients = [gradient.numpy() for gradient in self.gradients(fused)]
        file = write_output(directory, "pytorch.bin", np.concatenate([gradient.ravel() for gradient in gradients]))
        return {"outputFile": file, "losses": {}, "variants": list(self.variants)}


serve(f"torch {torch.__version__}", AttentionCase)
