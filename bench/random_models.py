"""Random models on random designs, in Verilator: reference = RTL in every word, result, cycle and stage counter.

    python bench/random_models.py [--seeds 1 2] [--configurations 20] [--models 10] [--work DIR]
    python bench/random_models.py --seeds 1 --only 17 [--models 10]       runs one configuration again

A configuration is a design with drawn parameters that all its models fit; it is emitted and compiled once, and then
every model's images are loaded and its batches run, about half of them under random back-pressure on every AXI
channel. Models have edges that weigh, zero points, prompts, real inputs and (where the tens digit of the
configuration's number is odd) rows by edge, in any combination. A model that differs ends its batches, and the folder
of its design stays. All of it follows from the seed and the configuration's number (tests/support/campaign.py; plain
seeded drawing, since a simulation is too long a step for Hypothesis to shrink by).

Results lie in a file, one JSON line a configuration, under a digest of the design, the images and the golden codes;
what has the same digest is not simulated again. The exit status is 1 when anything differs.
"""

import argparse
import hashlib
import importlib
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from result_lines import EVIDENCE, append_line, digest_of, read_lines

import sim
from sim.errors import SimError

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "support"))
campaign = importlib.import_module("campaign")

PLACES = ("units", "lanes", "requant_lanes", "code_bits", "weight_bits", "pages", "chunks", "levels", "leaky",
          "acc_bits")
CYCLES = 50_000  #: Of all models of a design, about: said for each, so that it is compiled once.


class Bench:
    """Configurations, and what is known of them."""

    def __init__(self, work: Path, results: Path) -> None:
        self.work, self.results = work, results
        self.known = {line["digest"]: line for line in read_lines(results)}

    def run(self, seed: int, number: int, count: int) -> dict[str, Any]:
        """Simulate one configuration, unless that was done."""
        started = time.perf_counter()
        folder = self.work / f"seed{seed}-{number:02d}"
        shutil.rmtree(folder, ignore_errors=True)
        hardware, models, refused = campaign.draw(campaign.configuration(seed, number), count)
        rtl = campaign.write_design(folder / "design", hardware)
        with campaign.seen() as codes:
            written = [campaign.write_model(folder / f"model{index}", folder / "design", model)
                       for index, model in enumerate(models)]
        digest = _digest(folder)
        if digest in self.known:
            shutil.rmtree(folder)
            return self.known[digest]
        line: dict[str, Any] = {
            "seed": seed, "configuration": number, "hardware": hardware.to_dict(), "rtl": rtl,
            "refused": dict(refused), "codes": dict(codes), "models": []}
        for index, (model, (folders, words)) in enumerate(zip(models, written, strict=True)):
            line["models"].append(_facts(model) | _simulate(folder / f"model{index}", folders, words, model, folder))
            _progress(number, index, line["models"][-1])
        untouched = hashlib.sha256((folder / "design" / "design.v").read_bytes()).hexdigest() == rtl
        compiled = sum(model["compile_s"] > 0 for model in line["models"])
        line |= {"rtl_untouched": untouched, "compiled": compiled, "digest": digest,
                 "seconds": round(time.perf_counter() - started, 1),
                 "ok": untouched and compiled == 1 and all(model["ok"] for model in line["models"])}
        self.known[digest] = line
        append_line(self.results, line)
        if line["ok"]:
            shutil.rmtree(folder)
        return line


def _simulate(build: Path, folders: Sequence[Path], words: int, model: campaign.Model, work: Path) -> dict[str, Any]:
    """Load a model and run its batches; ``words`` is how many buffer words they write."""
    try:
        options = sim.SimOptions(stalls=model.stalls, work=work / "sim", cycles=CYCLES, quiet=True)
        found = sim.run(build, folders, options)
    except SimError as wrong:
        return {"ok": False, "difference": str(wrong), "build": str(build)}
    ran = sum(batch.rows_compared for batch in found.batches.values())
    facts = {"ok": found.ok and ran == words and len(found.batches) == len(folders), "words": ran,
             "results": sum(len(batch.logits) for batch in found.batches.values()),
             "cycles": sum(batch.cycles for batch in found.batches.values()),
             "compile_s": round(found.compile_s, 1), "simulate_s": round(found.simulate_s, 1)}
    return facts if facts["ok"] else facts | {"difference": str(found), "build": str(build)}


def _facts(model: campaign.Model) -> dict[str, Any]:
    """What is run."""
    network, steps = model.network, model.program.passes
    terms = [term for value in network.values for term in value.terms]
    finals = [final for step in steps for final in (step.final, *([step.combine.final] if step.combine else []))]
    operands = [operand for step in steps for block in step.blocks for operand in block.operands]
    kinds = [f"{operand.via} {operand.op}" if operand.kind == "list" else operand.kind for operand in operands]
    return {
        "model": model.seed, "stalls": model.stalls, "sharp": model.sharp, "values": len(network.values),
        "kinds": campaign.kinds_of(network), "biases": sum(value.bias is not None for value in network.values),
        "widths": [min(value.width for value in network.values), max(value.width for value in network.values)],
        "bits": [int(min((final.bits.min() for final in finals if final.bits.size), default=0)),
                 int(max((final.bits.max() for final in finals if final.bits.size), default=0))],
        "passes": len(steps), "combines": sum(step.combine is not None for step in steps),
        "result": steps[-1].domain, "features": [network.features, network.input_bits],
        "operands": dict(Counter(kinds)), "selects": dict(Counter(final.select for final in finals)),
        "rows": dict(Counter(operand.row.select for operand in operands)),
        "joins": dict(Counter(value.join for value in network.values)),
        "vias": dict(Counter(term.via for term in terms)),
        "batches": {name: [batch.graphs, batch.num_nodes, int(batch.edges.shape[1])]
                    for name, batch in model.batches.items()}}


def _digest(folder: Path) -> str:
    """Of everything that a simulation's outcome rests on, except the simulation's own code."""
    return digest_of((str(path.relative_to(folder)), path) for path in sorted(folder.rglob("*"))
                     if path.is_file() and "sim" not in path.parts)


def _progress(number: int, index: int, facts: dict[str, Any]) -> None:
    said = f"{facts['cycles']} cycles, {facts['words']} words" if facts["ok"] else facts["difference"]
    print(f"  {number}.{index} model {facts['model']}, stalls {facts['stalls'] is not None}, "
          f"{', '.join(facts['batches'])}: {said}", flush=True)


def document(lines: Sequence[dict[str, Any]], command: str) -> str:
    """The Markdown page."""
    models = [model for line in lines for model in line["models"]]
    codes: Counter[str] = Counter()
    batches: Counter[str] = Counter()
    sums: dict[str, Counter[str]] = {name: Counter() for name in ("operands", "selects", "rows", "refused")}
    for line in lines:
        codes.update(line["codes"])
        sums["refused"].update(line["refused"])
    for model in models:
        batches.update(list(model["batches"]))
        for name in ("operands", "selects", "rows"):
            sums[name].update(model[name])
    kinds = Counter(kind for model in models for kind in model["kinds"])
    together = Counter(len(model["kinds"]) for model in models)
    bad = [f"seed {line['seed']}, configuration {line['configuration']}, model {model['model']}: {model['difference']}"
           for line in lines for model in line["models"] if not model["ok"]]
    used = {name: sorted({line["hardware"][name] for line in lines}) for name in PLACES}

    def total(name: str) -> int:
        return sum(model.get(name, 0) for model in models)

    def listed(counter: Counter[str]) -> str:
        return ", ".join(f"{name} {number:,}" for name, number in counter.most_common())

    rows = "".join(
        f"| {line['seed']} | {line['configuration']} | {' | '.join(str(line['hardware'][name]) for name in PLACES)} "
        f"| {sum(model['ok'] for model in line['models'])} of {len(line['models'])} "
        f"| {sum(len(model['batches']) for model in line['models'])} "
        f"| {sum(model.get('cycles', 0) for model in line['models']):,} "
        f"| {sum(model.get('words', 0) for model in line['models']):,} |\n" for line in lines)
    equal = sum(model["ok"] for model in models)
    return f"""# Random models on random designs

Made by `{command}`; `--only N` runs one configuration again.

Each configuration is one design, emitted and compiled once; its models, drawn at random, are loaded one after another
and run their batches. Compared with the reference: every buffer word with its entry as it is written, every result,
`CYCLES`, `PASS_CYCLES` and all stage counters with the estimate.

**{equal} of {len(models)} models on {len(lines)} designs are equal** in {batches.total():,} batches,
{total('words'):,} buffer words, {total('results'):,} rows of results, {total('cycles'):,} cycles;
{sum(model['stalls'] is not None for model in models)} models ran under random back-pressure. The file `design.v` was
the same for all models of a design in {sum(line['rtl_untouched'] and line['compiled'] == 1 for line in lines)} of
{len(lines)} configurations.

- Models: {min(model['passes'] for model in models)} to {max(model['passes'] for model in models)} passes, widths
  {min(model['widths'][0] for model in models)} to {max(model['widths'][1] for model in models)} (concatenations
  included), bits {min(model['bits'][0] for model in models)} to {max(model['bits'][1] for model in models)};
  {sum(model['result'] == 'graphs' for model in models)} end in graphs, the others in nodes.
- Kinds: {listed(kinds)}; {', '.join(map(str, sorted(together)))} of these in
  {', '.join(str(together[count]) for count in sorted(together))} models. Constant prompts are biases:
  {total('biases'):,}.
- Operands: {listed(sums['operands'])}.
- Row multipliers by: {listed(sums['rows'])}. Steps and widths by: {listed(sums['selects'])}.
- Batches: {listed(batches)}.
- Codes: {codes['codes']:,}, of them {codes['high']:,} clipped at the top, {codes['low']:,} at the bottom,
  {codes['rounded_beyond']:,} by less than one code; {codes['ties']:,} exact ties, {codes['tie_at_top']:,} of them
  half a code beyond the end.
- Drawn and refused with a message, since the model needs what no design has or a scale spans too much:
  {listed(sums['refused']) or 'none'}.
- Parameters: {'; '.join(f"{name} {', '.join(map(str, values))}" for name, values in used.items())}.

{'All are equal.' if not bad else chr(10).join(f'- {each}' for each in bad)}

| seed | configuration | {' | '.join(PLACES)} | equal | batches | cycles | words |
|---|---|{'---|' * len(PLACES)}---|---|---|---|
{rows}"""


def main() -> int:
    """Run all configurations, print a line each, write the page; 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--configurations", type=int, default=20)
    parser.add_argument("--models", type=int, default=10, help="on each design")
    parser.add_argument("--only", "--config", type=int, nargs="+", metavar="N", help="these; the page is not written")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "random_models", help="for build folders")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "random_models.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "random_models.md")
    options = parser.parse_args()
    bench, lines = Bench(options.work.resolve(), options.results), []
    for seed, number in product(options.seeds, options.only or range(options.configurations)):
        line = bench.run(seed, number, options.models)
        lines.append(line)
        good = sum(model["ok"] for model in line["models"])
        print(f"{'ok ' if line['ok'] else 'BAD'} seed {seed}, configuration {number}: {good} of {len(line['models'])} "
              f"models, {line['seconds']} s", flush=True)
    command = (f"python bench/random_models.py --seeds {' '.join(map(str, options.seeds))} "
               f"--configurations {options.configurations} --models {options.models}")
    page = document(lines, command)
    if not options.only:
        options.page.write_text(page, encoding="utf-8")
    print(page.partition("\n\n**")[2].partition("\n- Models")[0])
    return int(not all(line["ok"] for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())
