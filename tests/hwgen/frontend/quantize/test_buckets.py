"""SGQuant's buckets of in-degrees: which rows get which bits, what shares a step, in PyTorch, network and hardware."""

from dataclasses import replace

import numpy as np
import pytest
from graph_sets import rings_and_stars
from training_graphs import small_data

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize.rows import buckets
from hwgen.frontend.training.models import GCN, GIN
from hwgen.network.granularity import Granularity
from hwgen.network.network import Quantizer
from hwgen.schemes import SCHEMES, Scheme

SPLITS, BITS = (2, 3), (6, 3, 1)
BY_DEGREE = Scheme(rows=Granularity.PER_DEGREE, splits=SPLITS, bucket_bits=BITS)
BY_NODE = replace(BY_DEGREE, rows=Granularity.PER_NODE)


def quantizer(model: "hwgen.frontend.QuantizedNetwork", name: str = "convs.0") -> Quantizer:
    found = next(value.quantizer for value in model.export().values if value.name == name)
    assert found is not None
    return found


def degrees(batch: GraphBatch) -> np.ndarray:
    return batch.edges.length[:, 0].numpy().astype(int)


def wanted(degree: np.ndarray, bits: tuple[int, ...] = BITS) -> np.ndarray:
    return np.array(bits)[(degree >= 2).astype(int) + (degree >= 3)]


def test_a_bucket_begins_at_its_split() -> None:
    model = hwgen.quantize(GCN(12, 6, 3), BY_NODE, data=small_data())
    assert model.sample is not None
    degree = degrees(model.sample)
    assert {1, 2, 3} <= {*degree.tolist()}
    assert (buckets(model.sample, SPLITS).numpy() == (degree >= 2).astype(int) + (degree >= 3)).all()


def test_a_node_has_the_bits_of_its_bucket_and_a_step_of_its_own() -> None:
    model = hwgen.quantize(GCN(12, 6, 3), BY_NODE, data=small_data())
    assert model.sample is not None
    found = quantizer(model)
    assert found.granularity is Granularity.PER_NODE
    assert found.bits.tolist() == wanted(degrees(model.sample)).tolist()
    assert len(np.unique(found.step)) > 10


def test_degrees_of_a_bucket_share_a_step_and_larger_ones_take_the_last() -> None:
    found = quantizer(hwgen.quantize(GCN(12, 6, 3), BY_DEGREE, data=small_data()))
    assert found.granularity is Granularity.PER_DEGREE
    assert found.bits.tolist() == [6, 6, 3, 1]
    assert found.step[0] == found.step[1]
    assert len(np.unique(found.step)) == 3


@pytest.mark.parametrize("scheme", [BY_NODE, BY_DEGREE])
def test_values_have_buckets_of_their_own_and_training_keeps_them(scheme: Scheme) -> None:
    widths = {"convs.0": (2, 4, 5), "convs.0.message": 3}
    done = hwgen.train("gcn", small_data(), replace(scheme, widths=widths), epochs=4)
    sample = done.model.sample
    assert sample is not None
    degree = degrees(sample) if scheme is BY_NODE else np.arange(4)
    assert quantizer(done.model).bits.tolist() == wanted(degree, (2, 4, 5)).tolist()
    assert quantizer(done.model, "convs.0.message").bits.tolist() == [3]


def test_rows_of_graphs_have_no_degree() -> None:
    shapes = rings_and_stars(6)
    gin = GIN(shapes.features.shape[1], 4, 2, layers=1, pool="add")
    model = hwgen.quantize(gin, BY_DEGREE, data=list(shapes))
    assert quantizer(model, "lin1").bits.tolist() == [6]
    with pytest.raises(HwgenError, match=r"^3 widths of lin1, of which no row has its own\n"):
        hwgen.quantize(gin, replace(BY_DEGREE, widths={"lin1": (1, 2, 3)}), data=list(shapes))


def test_steps_are_best_for_the_bits_of_their_rows() -> None:
    module = GCN(12, 6, 3)
    narrow, mixed = (hwgen.quantize(module, replace(BY_NODE, bucket_bits=bits), data=small_data())
                     for bits in ((1, 1, 1), (1, 3, 6)))
    assert narrow.sample is not None
    few = degrees(narrow.sample) < 2
    same = quantizer(narrow).step == quantizer(mixed).step
    assert few.any()
    assert same[few].all()
    assert not same[~few].any()


@pytest.mark.parametrize(("options", "message"), [
    ({"splits": (3, 2)}, r"^splits are \(3, 2\)"), ({"splits": (0, 2)}, r"^splits are \(0, 2\)"),
    ({"splits": (2, 256)}, r"^a bucket begins at degree 256"), ({"bucket_bits": (1, 2)}, r"^2 widths for 3 buckets"),
    ({"bucket_bits": (1, 2, 9)}, r"^a bucket of 9 bits"), ({"splits": ()}, r"^3 widths for 1 buckets"),
    ({"rows": Granularity.NEAREST}, r"^buckets of degrees with rows by nearest"),
    ({"widths": {"convs.0": (1, 2)}}, r"^2 widths of convs\.0 for 3 buckets"),
])
def test_buckets_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        replace(BY_DEGREE, **options)  # type: ignore[arg-type]


def test_the_published_rule_gives_hubs_fewest() -> None:
    published = SCHEMES["sgquant"]
    for degree in range(1, 200):
        wished = 8 / np.sqrt(degree)
        snapped = next(bits for bits in (1, 2, 4, 8) if bits >= wished)
        assert published.bucket_bits[sum(degree >= split for split in published.splits)] == snapped
    assert SCHEMES["sgquant-hubs"].bucket_bits == published.bucket_bits[::-1]
