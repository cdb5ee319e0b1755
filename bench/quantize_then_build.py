"""What `quantize` accepts, `build` builds: trained models of every kind, lowered, and a tenth of them simulated.

    python bench/quantize_then_build.py [--only 17] [--build] [--work DIR]

Each model is a module as users write it (bench/trained_modules.py), trained for a few epochs on one of seven data sets,
then pruned, half killed or otherwise mistreated, quantized with defaults and lowered, with room for graphs 1.5 times as
large. Everything follows from a model's number. ``--build`` also builds and simulates every tenth of them. Results lie
in a file, one JSON line a model, under a digest of the sources that they rest on; what is there is not done again. The
exit status is 1 where a model does not lower, or a simulation differs.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from result_lines import EVIDENCE, append_line, digest_of, read_lines
from torch import nn
from torch_geometric.data import Data
from trained_modules import KINDS, TWISTS, train, twist
from verification_table import table

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend.data.tudataset import load_tudataset
from hwgen.frontend.known import known_of
from hwgen.network.figures import figures_of
from hwgen.targets.lists.design import program_for
from hwgen.targets.lists.execute import run as run_reference

#: Board for models that do not fit ultra96.
LARGER = "alveo-u50"
ROOT = Path(__file__).resolve().parents[1]
SETS = ("MUTAG", "PROTEINS", "IMDB-BINARY", "REDDIT-BINARY", "COX2", "Cora", "CiteSeer")
WIDTHS = (16, 32, 64)
SCHEMES = ("nns", "nns", "mega", "nns", "uniform")
#: Graphs of a set: the largest one, with its hubs, is always among them.
GRAPHS, EPOCHS = 120, 8
COUNT = 2 * len(SETS) * len(KINDS)


def facts_of(number: int) -> dict[str, Any]:
    """What model ``number`` is: each kind meets each set twice, as trained and mistreated."""
    kind, rest = list(KINDS)[number % len(KINDS)], number // len(KINDS)
    again = rest // len(SETS)
    return {"number": number, "kind": kind, "data": SETS[rest % len(SETS)], "width": WIDTHS[(number + again) % 3],
            "scheme": SCHEMES[number % len(SCHEMES)],
            "twist": TWISTS[1 + (number + 2 * rest) % (len(TWISTS) - 1)] if again else TWISTS[0]}


def graphs_of(name: str, seed: int) -> list[Data]:
    """Some graphs of a set, or its one graph."""
    if name in ("Cora", "CiteSeer"):
        return [hwgen.load_data(name)]
    whole = load_tudataset(name)
    chosen = np.random.default_rng(seed).permutation(len(whole))[: GRAPHS - 1]
    largest = int(np.diff(whole.node_start).argmax())
    return [whole[graph] for graph in dict.fromkeys([*chosen.tolist(), largest])]


def model_of(facts: dict[str, Any], graphs: Sequence[Data]) -> nn.Module:
    """The module, trained and mistreated."""
    torch.manual_seed(facts["number"])
    classes = int(max(int(graph.y.max()) for graph in graphs)) + 1
    model = KINDS[facts["kind"]](graphs[0].x.shape[1], facts["width"], classes, len(graphs) > 1)
    if facts["twist"] == "negative gains":
        twist(model, facts["twist"])
    train(model, graphs, epochs=EPOCHS * (4 if len(graphs) == 1 else 1),
          decay=0.05 if facts["twist"] == "decayed" else 5e-4)
    if facts["twist"] != "negative gains":
        twist(model, facts["twist"])
    return model


def measured(facts: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize and lower one model; with messages of 4 bits too."""
    graphs = graphs_of(facts["data"], facts["number"])
    model = model_of(facts, graphs)
    found: dict[str, Any] = {**facts, "graphs": len(graphs)}
    for name, bits in (("", None), ("_4", 4)):
        try:
            quantized = hwgen.quantize(model, scheme=facts["scheme"], data=graphs, message_bits=bits)
            path = work / f"model{facts['number']}{name}.pt"
            hwgen.save(quantized, graphs, path)
            network, sample = hwgen.load(path)
            result = run_reference(program_for(network, sample.room), sample.batch).results
        except HwgenError as error:
            found[f"refused{name}"] = str(error)
            continue
        assert sample.logits is not None
        program = program_for(network, sample.room)
        same = (result * program.scale).argmax(1) == sample.logits.argmax(1)
        found |= {f"agreement{name}": figures_of(
                      known_of(quantized, graphs), data="", of=network.values[-1].domain).same("quantized", "fp32"),
                  f"integer{name}": float(same.mean()),
                  f"held{name}": sum(bool(each.floor.max() > 0) for each in quantized.quantizers.every_step())}
    return found


def simulated(facts: dict[str, Any], work: Path) -> dict[str, Any]:
    """Build the model and simulate what takes a minute or two of its sample."""
    model, out = work / f"model{facts['number']}.pt", work / f"build{facts['number']}"
    small = ["--target", "lists", "--units", "1", "--requant-lanes", "2", "--lanes", "16", "--graphs", "1"]
    command = [sys.executable, "-m", "hwgen", "build", str(model), *small, "-o", str(out), "--json"]
    for board in ("ultra96", LARGER):  # whole graphs with room for larger ones are too much for a small board's memory
        done = subprocess.run([*command, "--board", board], capture_output=True, text=True, check=False)
        if done.returncode != 2:
            found = json.loads(done.stdout)["verification"]
            return {"built": True, "board": board, "exact": done.returncode == 0, "codes": found["codes_compared"],
                    "what": found["what"]}
    return {"built": False, "error": done.stderr.strip()[-400:]}


def document(lines: Sequence[dict[str, Any]], command: str) -> str:
    """The Markdown page."""
    lowered = [line for line in lines if "refused" not in line]
    built = [line for line in lines if line.get("built")]
    rows = []
    for key in ("kind", "data", "twist"):
        for name in dict.fromkeys(line[key] for line in lines):
            own = [line for line in lines if line[key] == name]
            good = [line for line in own if "refused" not in line]
            both = [line for line in good if "refused_4" not in line]
            rows.append([name, str(len(own)), str(len(good)), f"{sum(line['held'] > 0 for line in good)}",
                         _mean(both, "agreement"), _mean(both, "agreement_4"), _mean(good, "integer")])
    below = [line for line in lowered if line["agreement"] + 1e-9 < line.get("agreement_4", 0.0)]
    text = table(("models", "number", "lowered", "with raised steps", "agreement with FP32",
                  "the same, messages of 4 bits", "integer with PyTorch"), rows)
    return f"""# What `quantize` accepts, `build` builds

Made by `{command}`; a line for each model is in `evidence/quantize_then_build.jsonl`.

Modules as users write them are trained for a few epochs, quantized with defaults (nothing is trained on), and lowered
for graphs 1.5 times as large as those of their set. Half of them are mistreated before: *dead*: half of the channels of
every layer get a bias of −1000; *rare*: one that few rows exceed; *pruned*: their weights are 0, *small*: a hundredth,
*collapsed*: all equal; *decayed*: trained with a weight decay of 0.05; *negative gains*: batch norms start with them.

**{len(lowered)} of {len(lines)} models lower.** {len(built)} were built and simulated:
{sum(line['exact'] for line in built)} are exact, in {sum(line['codes'] for line in built):,} codes.
{len(below)} agree less with FP32 than with messages of 4 bits.

*With raised steps* counts models of which a step was raised so that hardware holds it. *Integer with PyTorch* is the
share of rows for which the integer program gives the class of the quantized module.

{text}
"""


def _mean(lines: Sequence[dict[str, Any]], key: str) -> str:
    return f"{100 * float(np.mean([line[key] for line in lines])):.1f}" if lines else "–"


def main() -> int:
    """Do what is missing, print a line each, write the page; 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="these; the page is not written")
    parser.add_argument("--build", action="store_true", help="build and simulate every tenth")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "quantize_then_build", help="for checkpoints")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "quantize_then_build.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "quantize_then_build.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    lists = (ROOT / "hwgen" / "targets" / "lists" / f"{name}.py" for name in (
        "fixed_point", "network_to_program", "passes", "quantizers", "ranges", "rules", "shares"))
    sources = [Path(__file__).with_name("trained_modules.py"),
               *sorted((ROOT / "hwgen" / "frontend" / "quantize").glob("*.py")), *lists,
               ROOT / "hwgen" / "numeric.py", ROOT / "hwgen" / "network" / "reach.py"]
    digest = digest_of((path.name, path) for path in sources)
    known = {(line["number"], line["digest"]): line for line in read_lines(options.results)}
    lines = []
    for number in options.only or range(COUNT):
        line = known.get((number, digest))
        if line is not None and any(line[name] != value for name, value in facts_of(number).items()):
            line = None
        wanted = options.build and number % 10 == 3
        if line is None or (wanted and "built" not in line):
            started = time.perf_counter()
            facts = facts_of(number)
            line = measured(facts, options.work) | {"digest": digest}
            if wanted and "refused" not in line:
                line |= simulated(facts, options.work)
            line["seconds"] = round(time.perf_counter() - started, 1)
            append_line(options.results, line)
        lines.append(line)
        print({name: value for name, value in line.items() if name != "digest"}, flush=True)
    if not options.only:
        command = "python bench/quantize_then_build.py" + (" --build" if options.build else "")
        options.page.write_text(document(lines, command), encoding="utf-8")
    print(Counter("refused" in line for line in lines), Counter(line.get("exact") for line in lines))
    return int(any("refused" in line or line.get("exact") is False or line.get("built") is False for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())
