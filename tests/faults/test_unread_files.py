"""Files that were not looked at before they were believed."""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("program", [
    "board_numbers",
    "build_files_unchecked",
    "build_json_wrong_kinds",
    "cache_damaged",
    "checkpoint_file_kinds",
    "checkpoint_odd_tensors",
    "checkpoint_values_accepted",
    "damage_blamed_on_hardware",
    "damaged_build_files",
    "graph_file_accepted",
    "graph_file_fields",
    "graph_file_memory",
    "names_in_output",
    "nested_text",
    "report_json_unchecked",
    "user_file_ends_hwgen",
    "weights_file_kinds",
])
def test_program_finds_no_fault(program, passes):
    passes(program)
