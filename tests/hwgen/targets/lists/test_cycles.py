"""What entries of lists count as in the cycles of a batch; every simulation compares the sums with the RTL's own."""

from dataclasses import replace

import numpy as np
from list_builds import build
from networks import random_batch, sage_network
from scipy.sparse import csr_array

from hwgen.network.input import Input
from hwgen.targets.lists.cycles import estimate
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.images import batch_image
from rtl_templates.lists.formats import NULL_INDEX


def test_entries_that_only_double_read_no_row() -> None:
    network = sage_network(0)
    network = replace(network, input=Input.plain(network.features, 3, 1.0))
    batch = random_batch(0, network, graphs=1, nodes=6, hub=4)
    nodes = batch.num_nodes
    alone = csr_array((np.full(nodes, 4), np.arange(nodes), np.arange(nodes + 1)), shape=(nodes, network.features))
    built = build(network, replace(batch, features=alone), wanted={"lanes": 16})
    image = batch_image(built.layout, built.batches[0])
    index = image.lists["features"].index
    assert (index == NULL_INDEX).sum() >= nodes  # a code of 100 in binary is doubled without a row
    passes = run(built.program, built.batches[0]).passes
    found = estimate(built.layout, image, [each.bits for each in passes])
    assert found.passes[0].run["gather"] == (index != NULL_INDEX).sum() == nodes
