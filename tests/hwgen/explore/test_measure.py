"""What an assignment is worth: its area on the board that it is explored for."""

from network_samples import sample_of
from networks import gin_network

import boards
from hwgen.explore.measure import Measure
from hwgen.flow.wishes import Wishes
from hwgen.targets import find_target


def test_a_candidate_is_sized_on_the_boards_family() -> None:
    network, target = gin_network(0, hidden=8), find_target("lists")
    space = target.explored(network, sample_of(network, 1), Wishes())
    point = {name: values[0] for name, values in space.choices.items()}
    measure = Measure(candidate=lambda assignment: space.candidate(point), board=boards.load("ulx3s-85f"),
                      objective="throughput", graphs=1)
    found = measure.sized({})
    assert found.area == target.area(found.hardware, "ecp5") != target.area(found.hardware, "xcup")
    worth = measure({})
    assert worth is not None
    assert worth.values[1] == found.area.total.lut
