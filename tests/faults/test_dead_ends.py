"""Ordinary jobs that were impossible, and advice that led nowhere."""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("program", [
    "board_names_case",
    "dead_channel_refused",
    "edge_list_shapes",
    "futile_synthesis",
    "harmless_code_refused",
    "larger_graph_refused",
    "lazy_layers",
    "many_classes_refused",
    "module_cannot_be_copied",
    "nan_weights",
    "node_level_has_no_runtime",
    "poor_refusals",
    "small_channels_refused",
    "steps_are_silent",
    "wording_of_ones",
    "wrapped_modules",
    "wrong_file_advice",
])
def test_program_finds_no_fault(program, passes):
    passes(program)
