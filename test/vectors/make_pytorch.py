"""Writes the vectors that PyTorch makes. See README.md."""

from generators.pytorch_attending import write_pytorch_attending_cases
from generators.pytorch_attention import write_pytorch_attention_cases
from generators.pytorch_cells import write_cell_cases
from generators.pytorch_layers import write_pytorch_layer_cases
from generators.pytorch_optimizers import write_pytorch_optimizer_cases
from generators.pytorch_softmax import write_pytorch_softmax_cases

if __name__ == "__main__":
    write_pytorch_attending_cases()
    write_pytorch_attention_cases()
    write_cell_cases()
    write_pytorch_layer_cases()
    write_pytorch_optimizer_cases()
    write_pytorch_softmax_cases()
