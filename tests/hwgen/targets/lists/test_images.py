"""Load streams, beat by beat; batches that exceed a capacity; files of models and batches."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from list_builds import build, random_build, stored
from networks import gin_network, node_gcn_network, random_batch, sage_network
from scipy.sparse import csr_array
from stream_reader.lists import Machine

from hwgen.errors import CapacityError
from hwgen.network.batch import Batch
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.images import batch_image, buffer_bytes, model_image
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.words import to_bytes
from rtl_templates.lists.formats import BEAT, DESCRIPTOR, PASS, SETUP, Target
from rtl_templates.shell.words import unpack


def sections(stream):
    """(target, unit, address) -> data beats as integers, in order."""
    words = [int.from_bytes(stream[at : at + 16], "little") for at in range(0, len(stream), 16)]
    out, at = {}, 0
    while words[at] & 0xFF:
        header = words[at]
        assert header >> 96 == 0
        assert header >> 24 & 0xFF == 0
        key = Target(header & 0xFF), header >> 8 & 0xFFFF, header >> 32 & 0xFFFFFFFF
        count = header >> 64 & 0xFFFFFFFF
        assert count > 0
        assert key not in out
        out[key] = words[at + 1 : at + 1 + count]
        at += 1 + count
    assert at == len(words) - 1  # END
    return out


def chain(nodes, *, features=6):
    """One graph: a chain of nodes, with one feature each."""
    edges = np.stack([np.arange(nodes - 1), np.arange(1, nodes)])
    codes = csr_array((np.ones(nodes, dtype=np.int64), np.arange(nodes) % features, np.arange(nodes + 1)),
                      shape=(nodes, features))
    return Batch(features=codes, edges=edges, graph=np.zeros(nodes, dtype=np.int64), graphs=1,
                 node=np.arange(nodes) % 20)


def test_passes_and_beats_are_words():
    built = build(sage_network(0), wanted={"lanes": 16})
    parts = sections(to_bytes(model_image(built.layout)))
    low, high = (parts[Target.PASS, half, 0] for half in (0, 1))
    passes = [unpack(PASS, a | b << 128) for a, b in zip(low, high, strict=True)]
    assert passes == list(built.layout.passes)
    assert [each["last"] for each in passes] == [0] * (len(passes) - 1) + [1]
    assert [unpack(BEAT, word) for word in parts[Target.BEAT, 0, 0]] == list(built.layout.beats)


@pytest.mark.parametrize("units", [1, 2, 4])
def test_a_chain_word_by_word(units):
    built = build(node_gcn_network(0, features=6), chain(7), wanted={"units": units})
    image = batch_image(built.layout, chain(7))
    parts = sections(to_bytes(image.beats))
    assert sorted(image.nodes.tolist()) == list(range(7))
    row_of = {int(node): row for row, node in enumerate(image.nodes)}
    for unit in range(units):
        mine = image.nodes[unit::units].tolist()
        setup = unpack(SETUP, parts[Target.SETUP, unit, 0][0])
        assert setup == {"nodes": len(mine), "graphs": int(unit == 0), "edges": 0, "looped": 0,
                         "features": -(-len(mine) // 2), "members": 0, "weighted": 0, "normed": 0}
        words, entries = parts[Target.DESCRIPTOR, unit, 0], parts[Target.LIST, unit, 0]
        listed = [word >> 16 * k & 0xFFFF for word in entries for k in range(8)]
        for local, node in enumerate(mine):
            looped, features = (unpack(DESCRIPTOR, words[setup[name] + local // 2] >> 64 * (local % 2))
                                for name in ("looped", "features"))
            assert looped["node"] == features["node"] == node % 20
            before = [row_of[node - 1]] if node else []
            assert listed[looped["start"] :][: looped["count"]] == [*before, row_of[node]]
            assert listed[features["start"] :][: features["count"]] == [node % 6]


def test_codes_in_buffer_words():
    built = build(gin_network(0), wanted={"lanes": 8, "code_bits": 8})
    codes = np.array([[1, -2, 3], [-128, 127, 0]])
    words = buffer_bytes(codes, np.array([0, 1, 8]), 2, built.hardware)
    assert words.tolist() == [[1, 254, *[0] * 6], [3, *[0] * 7], [128, 127, *[0] * 6], [0] * 8]
    words = buffer_bytes(np.array([[1, -2, 7]]), np.array([0, 1, 2]), 1, replace(built.hardware, code_bits=4))
    assert words.tolist() == [[0xE1, 7, 0, 0]]


def test_rows_beyond_a_beat_are_cut():
    built = build(gin_network(0, hidden=40), wanted={"lanes": 40, "code_bits": 8})
    parts = sections(to_bytes(model_image(built.layout)))
    rows = [key for key in parts if key[0] == Target.ROWS]
    assert {unit for _, unit, _ in rows} == {0, 1, 2}  # 320 bits
    tensor = next(k for k, tensor in enumerate(built.program.tensors) if tensor.rows is not None)
    address = built.layout.tensors[tensor].address
    words = [sum(parts[Target.ROWS, chunk, address][row] << 128 * chunk for chunk in range(3)) for row in range(7)]
    for row, word in enumerate(words):
        codes = [word >> 8 * lane & 0xFF for lane in range(40)]
        assert codes[:7] == (built.program.tensors[tensor].rows[row] & 0xFF).tolist()
        assert not any(codes[7:])


def limited():
    network = gin_network(0, features=6)
    return build(network, chain(12), wanted={"units": 1, "list_depth": 8, "descriptor_depth": 18})


@pytest.mark.parametrize(("change", "message"), [
    (lambda batch: chain(13), "13 nodes in a batch; the design takes batch_nodes 12, 1 too few"),
    (lambda batch: replace(batch, graphs=2), "2 graphs in a batch; the design takes max_graphs 1, 1 too few"),
    (lambda batch: replace(batch, edges=np.array([[0, 1, 2], [5, 5, 5]])),
     "3 neighbours of a node; the design takes max_degree 2, 1 too few"),
    (lambda batch: replace(batch, features=csr_array(np.ones((12, 6), dtype=np.int64))),
     "6 non-zero features of a node; the design takes max_node_nonzeros 1, 5 too few"),
    (lambda batch: replace(batch, edges=np.tile([[0], [1]], (1, 50)) + np.arange(50) % 11),
     "neighbours of a node; the design takes max_degree 2"),
])
def test_batches_beyond_the_capacity_are_refused_by_name(change, message):
    built = limited()
    batch = chain(12)
    built = replace_limits(built)
    batch_image(built.layout, batch)
    with pytest.raises(CapacityError, match=message) as error:
        batch_image(built.layout, change(batch))
    assert error.value.where == "program gin"


def replace_limits(built):
    """Two neighbours, so that degree and number of edges can be exceeded one at a time."""
    program = replace(built.program, max_degree=2)
    return replace(built, layout=replace(built.layout, program=program), program=program)


def test_lists_beyond_their_memory_are_refused_by_name():
    built = build(gin_network(0, features=6), chain(12), wanted={"units": 2})
    image = batch_image(built.layout, chain(12))
    most = max(len(beats) for (target, _, _), beats in sections(to_bytes(image.beats)).items()
               if target == Target.LIST)
    for name, depth in (("list_depth", most), ("descriptor_depth", 7)):  # 6 rows and 6 rows and a graph: 3 + 3 + 1
        small = replace(built.layout, hardware=replace(built.hardware, **{name: depth}))
        batch_image(small, chain(12))
        small = replace(built.layout, hardware=replace(built.hardware, **{name: depth - 1}))
        with pytest.raises(CapacityError, match=rf"in unit \d; the design takes {name} {depth - 1}, 1 too few"):
            batch_image(small, chain(12))


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_files(seed):
    built = random_build(seed)
    batch = built.batches[0]
    trace = run(built.program, batch)
    image = batch_image(built.layout, batch)
    packed = BatchRun(layout=built.layout, image=image, done=lambda: trace.passes, size={"graphs": batch.graphs})
    model, files = model_files(built.layout), packed.files
    facts, about = json.loads(files["layout.json"]), json.loads(model["layout.json"])
    done = Machine(built.hardware, model["model.bin"]).run(files["batch.bin"])
    np.testing.assert_array_equal(packed.read(stored(built, image, done)), trace.results)
    assert len(files["batch.bin"]) == 16 * facts["load_beats"]
    assert facts["cycles"] == sum(facts["pass_cycles"]) == packed.cycles["total"]
    assert facts["graphs"] == batch.graphs
    assert about["model_beats"] == len(model["model.bin"]) // 16
    assert [each["domain"] for each in about["passes"]] == [step.domain for step in built.program.passes]
    golden = np.load(io.BytesIO(files["golden.npz"]), allow_pickle=False)
    np.testing.assert_array_equal(golden["results_row"], image.order)
    np.testing.assert_array_equal(golden["results"][:, golden["results_column"]], trace.results[image.order])
    for index, step in enumerate(built.program.passes):
        assert {len(golden[f"p{index}_{name}"]) for name in ("address", "data", "entry", "unit", "row", "chunk")} == {
            0 if step.target is None else built.layout.passes[index]["out_chunks"]
            * (batch.num_nodes if step.domain == "nodes" else batch.graphs)}
    assert replace(packed).files == files  # the same bytes again


def test_empty_units_say_so():
    built = build(gin_network(0), wanted={"units": 4})
    empty = random_batch(0, built.network, graphs=0)
    parts = sections(to_bytes(batch_image(built.layout, empty).beats))
    assert all(unpack(SETUP, parts[Target.SETUP, unit, 0][0])["nodes"] == 0 for unit in range(4))
    assert set(parts) == {(Target.SETUP, unit, 0) for unit in range(4)}
