"""What a header may name is what the interpreter of load streams says that a design has."""

import pytest
from stream_reader.lists_memories import Memories as ListsMemories
from stream_reader.memories import Memories as BankedMemories

from hwgen.targets.banked.hardware import Hardware as Banked
from hwgen.targets.lists.hardware import Hardware as Lists
from rtl_templates.banked.load_map import load_map as banked_map
from rtl_templates.lists.load_map import load_map as lists_map

BANKED = {"groups": 1, "servers": 4, "lanes": 8, "code_bits": 4, "digit": 4, "acc_bits": 12, "bank_depth": 512,
          "slots": 250, "param_depth": 61, "result_depth": 64, "feature_depth": 0, "requant_lanes": 8, "mac_columns": 8,
          "weight_bits": 4, "planes": 1, "pages": 3, "column_depth": 16, "bias_depth": 24}


def told(memories):
    """Words of every unit by target."""
    found = {}
    for memory in memories:
        for unit in memory.units if memory.words else ():
            assert found.setdefault((memory.target, unit), memory.words) == memory.words
    return found


def known(memories):
    return {(int(target), unit): words for target, limits in memories.limits.items() for units, words in limits
            for unit in units if words}


@pytest.mark.parametrize("more", [
    {}, {"groups": 4, "servers": 16, "digit": 2, "bank_depth": 64, "feature_depth": 33, "requant_lanes": 4},
    {"groups": 3, "servers": 8, "digit": 1, "lanes": 16, "mac_columns": 40, "weight_bits": 8, "code_bits": 8},
])
def test_banked(more):
    hardware = Banked(**{**BANKED, **more})
    assert told(banked_map(hardware.to_dict())) == known(BankedMemories(hardware))


@pytest.mark.parametrize("more", [
    {}, {"units": 4, "lanes": 64, "levels": 0, "weight_bits": 8},
    {"units": 2, "lanes": 8, "code_bits": 4, "levels": 10}, {"weight_bits": 0, "lanes": 40},
])
def test_lists(more):
    hardware = Lists(**more)
    assert told(lists_map(hardware.to_dict())) == known(ListsMemories(hardware))


@pytest.mark.parametrize(("memories", "needed"), [
    (banked_map(BANKED), {"TASK"}), (lists_map(Lists().to_dict()), {"PASS", "SETUP"})])
def test_a_run_needs_what_every_model_and_every_batch_brings(memories, needed):
    assert {memory.target.name for memory in memories if memory.needed} == needed
