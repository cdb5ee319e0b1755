"""What the command line offers, beside what the search chooses from."""

import pytest

from hwgen.targets import OPTIONS, TARGETS, find_target


@pytest.mark.parametrize("name", TARGETS)
def test_every_value_that_the_search_may_choose_can_be_asked_for(name: str) -> None:
    offered = {each.name: each for each in OPTIONS if name in each.targets}
    for parameter, values in find_target(name).space.items():
        assert set(values) <= set(offered[parameter].values), parameter
