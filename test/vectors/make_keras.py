"""Writes the vectors that Keras 3 makes. See README.md."""

from generators.keras_attention import write_attention_cases
from generators.keras_graph_layers import write_graph_layer_cases
from generators.keras_graphs import write_graph_cases
from generators.keras_layers import write_layer_cases
from generators.keras_losses import write_loss_cases
from generators.keras_metrics import write_metric_cases
from generators.keras_normalization import write_normalization_cases
from generators.keras_optimizers import write_optimizer_cases
from generators.keras_recurrent import write_recurrent_cases
from generators.keras_training import write_training_cases

if __name__ == "__main__":
    write_recurrent_cases()
    write_layer_cases()
    write_graph_layer_cases()
    write_graph_cases()
    write_normalization_cases()
    write_attention_cases()
    write_loss_cases()
    write_metric_cases()
    write_optimizer_cases()
    write_training_cases()
