"""A GCN through NNgen: Verilog and a bench around it. Runs in the interpreter that has NNgen, by ``bench/peers.py``.

    PEERS_PYTHON bench/peers_nngen.py WORK.npz FOLDER FORM PAR BITS DELAY

Features, weights, the adjacency matrix (dense, normalized) and everything between are signed bytes, sums 32 bits, as in
NNgen's own examples. A layer is two of its matrix products. NNgen's hardware takes the second operand transposed: FORM
"turned" gives it so, ``W^T X^T`` and then ``A (W^T X^T)^T``; "plain" is the formula as it is written, ``A (X W)``, for
which NNgen transposes in between. PAR multipliers work side by side in each direction, the bus to memory has BITS.
DELAY is "none", a memory that answers at once and never pauses, or "examples", the one of NNgen's examples: 10 cycles
to the first beat, pauses of 4 cycles.

FOLDER gets ``design.v`` (the accelerator alone), ``bench.v`` (it and a memory: prints its cycles, and how many of its
results are not what NNgen's own ``eval`` says) and ``facts.json``. Sources: NNgen 1.3.4, its examples and
``nngen/verify``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import nngen as ng
import numpy as np
import veriloggen as vg
import veriloggen.thread as vthread
from peers_work import Ints, Work, load_work, normalized
from veriloggen.types import axi

CHUNK = 64  #: Bytes that addresses of memory are rounded up to.
WORDS = 1 << 18  #: 32-bit words of the memory image.
LIMIT = 10_000_000  #: Time units after which a simulation is given up, ten a cycle.
DELAYS = {"none": {"write_delay": 0, "read_delay": 0, "sleep_interval": 0}, "examples": {}}


class Network:
    """NNgen's graph of a work, and the shifts that keep every value a byte.

    Parameters
    ----------
    work : Work
    form : "turned" or "plain"
        Of the products, as above.
    par : int
        Multipliers side by side, in inputs and in outputs of a product.
    """

    def __init__(self, work: Work, form: str, par: int) -> None:
        self.par, self.shifts = par, list[int]()
        self.given = ng.placeholder(dtype=ng.int8, shape=work.features.shape, name="features")
        self.features = codes = work.features
        value = self.given
        for layer, weights in enumerate(work.weights):
            last = layer == len(work.weights) - 1
            matrix, adjacency = self._constant(f"weights{layer}", weights.T), normalized(work)
            linked = self._constant(f"adjacency{layer}", adjacency)
            if form == "turned":
                value, codes = self._product(matrix, weights.T, value, codes)
            else:
                value, codes = self._product(value, codes, matrix, weights.T)
                value, codes = ng.transpose(value, perm=(1, 0)), codes.T
            value, codes = self._product(linked, adjacency, value, codes, relu=not last,
                                         name="result" if last else None)
        self.result, self.codes = value, codes

    def _constant(self, name: str, codes: Ints) -> Any:
        made = ng.variable(dtype=ng.int8, shape=codes.shape, name=name)
        made.set_value(codes)
        return made

    def _product(self, left: Any, left_codes: Ints, right: Any, right_codes: Ints, *, relu: bool = False,
                 name: str | None = None) -> tuple[Any, Ints]:
        """``left @ right.T``, shifted so that its largest value is a byte."""
        sums = left_codes @ right_codes.T
        kept = np.maximum(sums, 0) if relu else sums
        shift = max(0, int(np.abs(kept).max()).bit_length() - 7)
        made = ng.matmul(left, right, transposed_b=True, act_func=ng.relu if relu else None, dtype=ng.int8,
                         sum_dtype=ng.int32, name=name)
        made.attribute(par_left_col=self.par, par_out_col=self.par, cshamt_out=shift)
        self.shifts.append(shift)
        half = (1 << shift >> 1) - ((kept < 0) & (shift > 0))  # half away from zero
        return made, np.clip(kept + half >> shift, -127, 127)


def bench_of(design: Any, network: Network, expected: Ints, bits: int, delay: str) -> str:
    """Verilog of a design, a memory with everything in it, and a processor that starts it and compares the results."""
    given, result = network.given, network.result
    parameters = ng.export_ndarray([result], CHUNK)
    lanes = max(bits // ng.int8.width, network.par)
    at = -(-(given.addr + given.memory_size) // CHUNK) * CHUNK
    wanted = -(-(at + len(parameters)) // CHUNK) * CHUNK
    scratch = -(-(wanted + result.memory_size) // CHUNK) * CHUNK
    image = np.zeros(WORDS, dtype=np.int64)
    axi.set_memory(image, network.features, 32, ng.int8.width, given.addr, lanes)
    axi.set_memory(image, parameters, 32, 8, at)
    axi.set_memory(image, expected, 32, ng.int8.width, wanted, lanes)

    bench = vg.Module("bench")
    bench.copy_params(design)
    ports = bench.copy_sim_ports(design)
    clock, reset_n = ports["CLK"], ports["RESETN"]
    reset = bench.Wire("reset")
    reset.assign(vg.Not(reset_n))
    memory = axi.AxiMemoryModel(bench, "memory", clock, reset, datawidth=bits, mem_datawidth=bits, memimg=image,
                                memimg_name="memory.out", memimg_datawidth=32, **DELAYS[delay])
    memory.connect(ports, "maxi")
    control = vthread.AXIMLite(bench, "control", clock, reset, noio=True)
    control.connect(ports, "saxi")
    time = bench.Reg("time_now", 32, initval=0)
    vg.Seq(bench, "timer", clock, reset)(time.inc())

    def processor() -> None:
        for _ in range(100):
            pass
        ng.sim.set_global_addrs(control, scratch)
        before = time.value
        ng.sim.start(control)
        ng.sim.wait(control)
        after = time.value
        print("cycles %d" % (after - before))  # noqa: UP031 -- becomes Verilog
        wrong = 0
        for row in range(result.shape[0]):
            for column in range(result.shape[1]):
                place = row * result.aligned_shape[1] + column
                got = memory.read_word(place, result.addr, 8)
                want = memory.read_word(place, wanted, 8)
                if vthread.verilog.NotEql(got, want):
                    wrong += 1
        print("wrong %d" % wrong)  # noqa: UP031 -- becomes Verilog
        vthread.finish()

    vthread.Thread(bench, "processor", clock, reset, processor).start()
    bench.Instance(design, "accelerator", params=bench.connect_params(design), ports=bench.connect_ports(design))
    vg.simulation.setup_clock(bench, clock, hperiod=5)
    begin = vg.simulation.setup_reset(bench, reset_n, bench.make_reset(), period=100, polarity="low")
    begin.add(vg.Delay(LIMIT), vg.Systask("finish"))
    return str(bench.to_verilog())


def main() -> None:
    """Write the files of one design."""
    work, folder = load_work(Path(sys.argv[1])), Path(sys.argv[2])
    form, par, bits, delay = sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6]
    sys.setrecursionlimit(10_000)
    network = Network(work, form, par)
    expected = ng.eval([network.result], features=work.features)[0]
    design = ng.to_veriloggen([network.result], "gcn", silent=True, config={"maxi_datawidth": bits})
    (folder / "design.v").write_text(design.to_verilog())
    (folder / "bench.v").write_text(bench_of(design, network, expected, bits, delay))
    facts = {"shifts": network.shifts, "same_as_numpy": bool((expected == network.codes).all()),
             "results": np.asarray(expected).tolist()}
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
