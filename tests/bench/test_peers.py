"""Work for peers, and what is read of them; peers themselves run only in the bench."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))
works, tools, page = (importlib.import_module(f"peers_{name}") for name in ("work", "tools", "page"))


@pytest.mark.parametrize("name", works.WORKS)
def test_a_work_is_the_same_in_every_interpreter_and_within_its_bits(name, tmp_path):
    work = works.work_of(name)
    works.save_work(work, tmp_path / "work.npz")
    read = works.load_work(tmp_path / "work.npz")
    nodes, widths, feature, weight = works.WORKS[name]
    assert (read.name, read.nodes, tuple(read.widths)) == (name, nodes, widths)
    assert np.array_equal(read.features, works.work_of(name).features)
    assert all(np.array_equal(one, other) for one, other in zip(read.weights, work.weights, strict=True))
    assert (read.features.min(), read.features.max()) == (0, feature)
    assert max(abs(each).max() for each in read.weights) == weight
    pairs = set(map(tuple, read.edges.T.tolist()))
    assert len(pairs) == read.edges.shape[1]
    assert {(end, start) for start, end in pairs} == pairs
    assert all(start != end for start, end in pairs)


def test_the_normalized_adjacency_fills_a_signed_byte_where_there_are_edges_and_loops_only():
    work = works.Work(name="path", features=np.ones((3, 2), dtype=int), edges=np.array([[0, 1, 1, 2], [1, 0, 2, 1]]),
                      weights=(np.ones((2, 4), dtype=int), np.ones((4, 1), dtype=int)))
    assert works.normalized(work).tolist() == [[127, 104, 0], [104, 85, 104], [0, 104, 127]]
    assert (work.dense_products, work.sparse_products) == (3 * 12 + 9 * 5, 3 * 12 + 7 * 5)


def test_beats_of_a_load_stream_are_told_apart_and_all_counted():
    beats = np.zeros((7, 2), dtype="<u8")
    beats[[0, 4], 0], beats[[0, 4], 1] = (7, 3), (3, 1)  # headers: three beats of target 7, one of target 3
    beats[6] = 0, 0xABCD_0000_0005  # END; its upper half is a checksum
    found = tools.sections(beats.tobytes(), {0: "END", 3: "LIST", 7: "TABLE"})
    assert found == {"TABLE": 4, "LIST": 2, "END": 1}


def test_a_bench_that_compared_nothing_is_no_result():
    assert tools.read_output("hello\ncycles        4977\nwrong           3\n- $finish\n") == (4977, 3)
    with pytest.raises(ValueError, match="compared nothing"):
        tools.read_output("cycles 4977\n- $finish\n")


def test_products_count_cycles_with_loads():
    mine, other = {"cycles": 1_000, "lut": 2_000}, {"cycles": 4_000, "lut": 5_000}
    assert page.product(mine) == 2.0
    assert page.times_less(mine, other) == 10.0
