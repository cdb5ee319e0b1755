"""Wrong figures, wrong results or lost work, in silence."""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("program", [
    "batch_vector_ignored",
    "chain_called_model",
    "config_limits_ignored",
    "edge_weights_dropped",
    "input_scale_ignored",
    "labels_without_logits",
    "masks_not_boolean",
    "minus_one_labels",
    "multilabel_argmax",
    "node_level_other_size",
    "node_level_throughput",
    "one_output_agreement",
    "pack_destroys_folders",
    "pytorch_is_the_quantized_model",
    "regression_labels",
    "run_inputs_unchecked",
    "sample_of_one_class",
    "silent_unsorted_batch",
    "training_loop_moves_no_bits",
])
def test_program_finds_no_fault(program, passes):
    passes(program)
