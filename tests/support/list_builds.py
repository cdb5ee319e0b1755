"""Networks, lowered and placed on stream hardware, for tests of everything from there on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from networks import capacities, random_batch, random_network
from stream_reader.lists import Machine, PassWrites

from hwgen.errors import HwgenError
from hwgen.network.batch import Batch
from hwgen.network.closed_lists import close_lists
from hwgen.network.network import Network
from hwgen.targets.lists.choose import Capacity, choose
from hwgen.targets.lists.dense import with_rows
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.golden import expected, read_rows
from hwgen.targets.lists.hardware import Hardware
from hwgen.targets.lists.images import BatchImage, batch_image, model_image
from hwgen.targets.lists.layout import Layout
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.placement import place
from hwgen.targets.lists.program import Program
from hwgen.targets.words import to_bytes

__all__ = ["Build", "build", "compare", "random_build", "stored"]


@dataclass(frozen=True)
class Build:
    """A program on a design, and batches that it takes."""

    network: Network
    program: Program
    capacity: Capacity
    hardware: Hardware
    layout: Layout
    batches: tuple[Batch, ...]


def build(network: Network, *batches: Batch, wanted: Mapping[str, int] | None = None, seed: int = 0,
          rows: bool = False) -> Build:
    """Lower a network for some batches (one that is drawn, if none is given), and choose hardware for it.

    With ``rows``, features are rows for the MAC array.
    """
    batches = batches or (random_batch(seed, network, graphs=3, nodes=6, hub=12),)
    closed = close_lists(network) is not network
    program = lower(network, **vars(capacities(*batches, edges=network.edges, closed=closed)))
    capacity = Capacity.of(list(batches), network.input_bits, network.edges)
    if rows:
        multiplied = with_rows(program)
        assert multiplied is not None, "no pass only multiplies features"
        program, capacity = multiplied, replace(capacity, features=0)
    hardware = choose(program, capacity, wanted)
    layout = place(program, hardware, **capacity.rows(program))
    return Build(network, program, capacity, hardware, layout, batches)


def random_build(seed: int, *, batches: int = 1, wanted: Mapping[str, int] | None = None, **options: object) -> Build:
    """A random network with random batches on random hardware; the next one where scales, degrees or chunks clash."""
    for again in range(8):
        rng = np.random.default_rng([seed, again])
        network = random_network(seed + 1000 * again, **options)
        drawn = [random_batch(10 * seed + k, network, graphs=int(rng.integers(1, 4)), nodes=5, hub=12)
                 for k in range(batches)]
        chosen = {"units": (1, 2, 4)[seed % 3], "lanes": int(8 * rng.integers(1, 9)),
                  "requant_lanes": int(rng.choice([1, 2, 4, 8]))}
        try:
            return build(network, *drawn, wanted={**chosen, **(wanted or {})})
        except HwgenError as error:
            allowed = ("scales span", "by the degree", "need chunks")
            if not any(words in error.what for words in allowed):
                raise
    raise AssertionError("no network of eight can be lowered")


def compare(built: Build) -> list[list[PassWrites]]:
    """Interpret the load streams of all batches, one after another: every word must be the reference's.

    Returns
    -------
    list of list of PassWrites
        By batch and pass.
    """
    machine = Machine(built.hardware, to_bytes(model_image(built.layout)))
    everything = []
    for batch in built.batches:
        trace, image = run(built.program, batch), batch_image(built.layout, batch)
        done = machine.run(to_bytes(image.beats))
        golden = expected(built.layout, image, trace.passes)
        assert len(done) == len(built.program.passes)
        for index, writes in enumerate(done):
            wanted = {int(address): (int.from_bytes(data.tobytes(), "little"), int(entry)) for address, data, entry in
                      zip(*(golden[f"p{index}_{name}"] for name in ("address", "data", "entry")), strict=True)}
            assert writes.buffer == wanted, f"pass {index}, {built.program.passes[index].name}"
            assert len(golden[f"p{index}_address"]) == len(wanted)
            assert bool(writes.results) == (index == len(done) - 1 and len(image.order) > 0)
        found = read_rows(built.layout, len(image.order), stored(built, image, done))
        np.testing.assert_array_equal(found, trace.results[image.order])
        everything.append(done)
    return everything


def stored(built: Build, image: BatchImage, done: list[PassWrites]) -> bytes:
    """Result memories as the store unit writes them."""
    return b"".join(done[-1].results.get((unit, word), 0).to_bytes(16, "little")
                    for unit in range(built.hardware.units) for word in range(image.result_words))
