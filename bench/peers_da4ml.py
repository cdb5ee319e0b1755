"""A two-layer GCN through da4ml: Verilog and a bench. Runs in the interpreter that has da4ml, by ``bench/peers.py``.

    PEERS_PYTHON bench/peers_da4ml.py WORK.npz FOLDER

Weights and graph are constants of the circuit: nothing is loaded but features, and another graph or model is another
circuit. Features and hidden codes have 4 bits, unsigned. Neighbours are summed without ``D^-1/2``, which favours da4ml:
a factor for each edge would be a constant multiplication more. Every 5 of da4ml's units of delay there is a register.

FOLDER gets ``design.v``, ``bench.v`` (prints the cycles from features to results, and how many of the results of 50
random graph signals are wrong) and ``facts.json``. Source: da4ml 0.6.0.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from da4ml.codegen import RTLModel
from da4ml.trace import FixedVariableArrayInput, comb_trace
from da4ml.trace.ops import quantize, relu
from peers_work import Ints, load_work

BITS = 4
SHIFT = 4  #: Of sums, before they become hidden codes.
SAMPLES = 50
CUTOFF = 5  #: Units of delay in a stage.

BENCH = """`timescale 1ns/1ps
module bench;
  reg clk = 0;
  reg [{inputs}:0] given [0:{last}];
  reg [{outputs}:0] wanted [0:{last}];
  reg [{inputs}:0] in = 0;
  wire [{outputs}:0] out;
  integer step, wrong = 0;
  gcn_wrapper design_under_test(.clk(clk), .model_inp(in), .model_out(out));
  always #5 clk = ~clk;
  initial begin
    $readmemh("given.hex", given);
    $readmemh("wanted.hex", wanted);
    for (step = 0; step < {samples} + {latency}; step = step + 1) begin
      in = given[step < {samples} ? step : 0];
      @(posedge clk); #1;
      if (step >= {latency} - 1 && step - {latency} + 1 < {samples}
          && out !== wanted[step - {latency} + 1]) wrong = wrong + 1;
    end
    $display("cycles %0d", {latency});
    $display("wrong %0d", wrong);
    $finish;
  end
endmodule
"""


def packed(codes: Ints, bits: list[int]) -> list[str]:
    """Rows of codes as hexadecimal numbers, the first code lowest."""
    rows = []
    for row in codes:
        word = at = 0
        for code, width in zip(row.tolist(), bits, strict=True):
            word |= (code & (1 << width) - 1) << at
            at += width
        rows.append(f"{word:x}")
    return rows


def main() -> None:
    """Write the files of one circuit."""
    work, folder = load_work(Path(sys.argv[1])), Path(sys.argv[2])
    first, second = work.weights
    near = np.eye(work.nodes, dtype=np.int64)
    near[work.edges[1], work.edges[0]] = 1
    given = FixedVariableArrayInput(work.features.shape)
    codes = quantize(given, 0, BITS, 0)
    hidden = quantize(relu(near @ (codes @ first)) / (1 << SHIFT), 0, BITS, 0, "SAT", "RND")
    circuit = comb_trace(given, near @ (hidden @ second))
    model = RTLModel(circuit, "gcn", folder / "da4ml", flavor="verilog", latency_cutoff=CUTOFF)
    model.write()
    source = folder / "da4ml" / "src"
    sources = [*sorted(source.glob("*.v")), *sorted((source / "static").glob("*.v"))]
    text = "\n".join(path.read_text() for path in sources if path.name != "lookup_table.v")
    (folder / "design.v").write_text(text)

    samples = np.random.default_rng(1).integers(0, 1 << BITS, (SAMPLES, *work.features.shape))
    samples[0] = work.features
    sums = np.maximum(np.einsum("ij,bjf->bif", near, samples @ first), 0)
    stored = np.clip(np.floor(sums / (1 << SHIFT) + 0.5), 0, (1 << BITS) - 1).astype(np.int64)
    wanted = np.einsum("ij,bjf->bif", near, stored @ second).reshape(SAMPLES, -1)
    same = bool((circuit.predict(samples.reshape(SAMPLES, -1).astype(float)) == wanted).all())
    stages = len(re.findall(r"^module gcn_stage\d+", text, flags=re.MULTILINE))
    wrapper = (source / "gcn_wrapper.v").read_text()
    inputs, outputs = (int(found) for found in re.findall(r"(?:input|output) \[(\d+):0\]", wrapper))
    each = (outputs + 1) // wanted.shape[1]
    (folder / "given.hex").write_text("\n".join(packed(samples.reshape(SAMPLES, -1), [BITS] * work.features.size)))
    (folder / "wanted.hex").write_text("\n".join(packed(wanted, [each] * wanted.shape[1])))
    (folder / "bench.v").write_text(text + BENCH.format(inputs=inputs, outputs=outputs, last=SAMPLES - 1,
                                                        samples=SAMPLES, latency=stages + 1))
    facts = {"same_as_numpy": same, "estimate": float(circuit.cost), "stages": stages,
             "results": wanted[0].reshape(work.nodes, -1).tolist()}
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
