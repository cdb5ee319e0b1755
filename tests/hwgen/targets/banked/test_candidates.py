"""Hardware for a program: the largest first, wishes kept; guesses of what Yosys counts and of cycles."""

from dataclasses import asdict

import pytest
from models import program_of, random_graph_model

import boards
from hwgen.errors import CapacityError, HwgenError
from hwgen.flow.wishes import Wishes
from hwgen.network.sample import single
from hwgen.targets import find_target
from hwgen.targets.banked.area import guess_resources
from hwgen.targets.banked.candidates import hardware_for, waits_for_planes
from hwgen.targets.banked.cycles import guess_cycles
from hwgen.targets.banked.feature_rows import told_in
from hwgen.targets.banked.network_to_program import lower

BOARD = boards.load("ultra96")


@pytest.fixture(scope="module")
def busy():
    return program_of(random_graph_model(1, 600, 100, 16, 7, density=0.2))


@pytest.fixture(scope="module")
def dense():
    """Nine pages of tables: too many for 16 servers of an Ultra96."""
    return program_of(random_graph_model(1, 600, 128, 16, 10, input_bits=5, density=0.03))


@pytest.mark.slow
def test_the_largest_design_comes_first_and_each_once(busy, dense) -> None:
    for program, groups in ((busy, 16), (dense, 1)):  # a dense pass gathers nothing: one group is enough
        found = list(hardware_for(program, {}))
        assert len({tuple(each.to_dict().values()) for each in found}) == len(found) >= 9 * groups - 9
        assert (found[0].groups, found[0].servers, found[0].requant_lanes, found[0].lane_sets) == (groups, 16, 16, 2)
        assert (found[-1].groups, found[-1].servers) == (1, 4)
        plain = [each for each in found if each.planes == 1]
        assert found[:len(plain)] == plain
        assert guess_resources(found[0]).total.lut == max(guess_resources(each).total.lut for each in plain)
        assert [(each.groups, each.servers, each.requant_lanes, each.lane_sets) for each in found[len(plain):]] == [
            (each.groups, each.servers, each.requant_lanes, each.lane_sets) for each in plain[:len(found) - len(plain)]]
        assert len(found) in (len(plain), 2 * len(plain))


@pytest.mark.parametrize(("options", "waits"), [
    ({"max_bits": 2}, False), ({"min_bits": 4}, True), ({"input_bits": 5, "max_bits": 2}, True),
    ({"input_bits": 1, "layers": 1}, False)])
def test_two_planes_a_cycle_are_tried_where_servers_wait_for_bits(options, waits) -> None:
    program = program_of(random_graph_model(1, 40, 20, **options))
    assert waits_for_planes(program) == waits
    assert {each.planes for each in hardware_for(program, {})} == ({1, 2} if waits else {1})
    assert {each.planes for each in hardware_for(program, {"planes": 2})} == {2}


def test_what_is_given_is_kept_and_digit_follows_the_row(dense) -> None:
    for hardware in hardware_for(dense, {"groups": 2, "servers": 8, "slots": 2048}):
        assert (hardware.groups, hardware.servers, hardware.slots) == (2, 8, 2048)
    wide = program_of(random_graph_model(1, 40, 20, 64, 4))
    assert next(hardware_for(wide, {})).digit == 2
    hardware = next(hardware_for(dense, {}))
    [same] = hardware_for(dense, hardware.to_dict())
    assert same == hardware


def test_wrong_parameters_are_refused(busy) -> None:
    with pytest.raises(CapacityError, match=r"slots"):
        next(hardware_for(busy, {"slots": 8}))
    with pytest.raises(HwgenError, match=r"16 beats of 1 requantizer lanes"):
        next(hardware_for(busy, {"requant_lanes": 1}))


@pytest.mark.parametrize("sum_bits", [-1, 0, 19])
def test_sums_have_one_of_two_widths(sum_bits) -> None:
    sample = random_graph_model(0)
    target = find_target("banked")
    with pytest.raises(HwgenError, match=rf"^sum_bits is {sum_bits}\n  at hardware.sum_bits\n  use 18 or 24"):
        next(iter(target.candidates(sample.network, sample.sample, Wishes(hardware={"sum_bits": sum_bits}),
                                    lambda area: True)))


@pytest.mark.slow
def test_the_schedule_decides_the_slots_and_the_sample_is_scheduled_once() -> None:
    network, sample = random_graph_model(1, 300, 60, 16, 7).parts
    target = find_target("banked")
    candidate = next(target.candidates(network, sample, Wishes(), lambda area: True))
    design = candidate.design()
    (batch,) = design.deal(single(sample.batch))
    (run,) = design.session(batch).next_runs()
    assert run is design.scheduled[1]
    assert run.schedule.slots_used <= design.hardware.slots == run.hardware.slots
    assert design.hardware.slots % 128 == 0
    given = next(target.candidates(network, sample, Wishes(hardware={"slots": 4096}), lambda area: True)).design()
    assert given.hardware.slots == 4096
    assert not list(target.candidates(network, sample, Wishes(windows=True), lambda area: True))


@pytest.mark.slow
def test_guessed_cycles_rank_designs_as_exact_ones_do() -> None:
    network, sample = random_graph_model(1, 300, 100, 16, 7, density=0.2).parts
    some = list(find_target("banked").candidates(network, sample, Wishes(), lambda area: True))[::40]
    exact = []
    for candidate in some:
        (run,) = candidate.design().session(sample.batch).next_runs()
        exact.append(sum(step.cycles for step in run.ran.passes))
    assert all(0.55 * have <= each.cycles <= 1.05 * have for each, have in zip(some, exact, strict=True))
    order = sorted(range(len(some)), key=lambda place: some[place].cycles)
    assert exact[order[0]] <= 1.05 * min(exact)
    assert guess_cycles(told_in(lower(network, sample.batch), some[0].design().dictionary), some[0].hardware) == (
        some[0].cycles)


@pytest.mark.slow
@pytest.mark.parametrize("lane_sets", [1, 2])
def test_guessed_cycles_of_a_design_that_waits_for_its_servers(lane_sets: int) -> None:
    """Both stages count: one after the other in one set of lanes, side by side in two."""
    network, sample = random_graph_model(1, 60, 30, 16, 8, density=0.2).parts
    wishes = Wishes(hardware={"groups": 1, "servers": 4, "requant_lanes": 2, "lane_sets": lane_sets})
    found = next(find_target("banked").candidates(network, sample, wishes, lambda area: True))
    (run,) = found.design().session(sample.batch).next_runs()
    assert found.cycles == pytest.approx(sum(step.cycles for step in run.ran.passes), rel=0.03)


#: Counted by Yosys (0.70): hardware, and LUT, FF, BRAM36, LUTRAM of a group and of a server.
COUNTED = (
    ({"groups": 4, "servers": 16, "lanes": 16, "acc_bits": 11, "slots": 1152, "param_depth": 512, "result_depth": 192,
      "feature_depth": 0, "mac_columns": 8, "pages": 1, "column_depth": 6, "bias_depth": 63},
     (6360, 14640, 29.0, 0), (1564, 1540, 3.0, 554)),
    ({"groups": 1, "servers": 4, "lanes": 8, "acc_bits": 8, "slots": 128, "param_depth": 64, "result_depth": 64,
      "feature_depth": 0, "mac_columns": 8, "pages": 1, "column_depth": 4, "bias_depth": 32},
     (2758, 6691, 12.5, 0), (1142, 1223, 3.0, 377)),
    ({"groups": 1, "servers": 8, "lanes": 16, "acc_bits": 8, "slots": 1152, "param_depth": 704, "result_depth": 512,
      "feature_depth": 4544, "mac_columns": 16, "pages": 5, "column_depth": 8, "bias_depth": 32},
     (5590, 11752, 29.0, 0), (2451, 2470, 6.5, 1068)),
)
SAME = {"code_bits": 4, "digit": 4, "bank_depth": 512, "requant_lanes": 8, "weight_bits": 4, "planes": 1}


@pytest.mark.parametrize(("changes", "group", "server"), COUNTED)
def test_guesses_are_near_what_yosys_counted(changes, group, server) -> None:
    from hwgen.targets.banked.hardware import Hardware

    guessed = {part.name: asdict(part.one) for part in guess_resources(Hardware(**SAME, **changes)).components}
    for name, counted in (("group", group), ("server", server)):
        for resource, amount in zip(("lut", "ff", "bram36", "lutram"), counted, strict=True):
            assert guessed[name][resource] == pytest.approx(amount, rel=0.15, abs=0.5), (name, resource)
    assert guessed["server"]["dsp"] == 2 * SAME["requant_lanes"]
