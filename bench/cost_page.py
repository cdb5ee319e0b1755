"""docs/estimates.md: how far estimates are from counts, with plots."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cost_fit import cost_of
from matplotlib.figure import Figure
from result_lines import EVIDENCE, read_lines
from verification_table import table

import boards
from hwgen.flow.families import FAMILIES, family_of
from hwgen.flow.resources import Usage
from hwgen.report.plots import PALETTE, STYLE, logarithmic
from hwgen.targets import find_target
from hwgen.targets.costs import COSTS, ROUGH

__all__ = ["Compared", "compared", "write_page"]

FITTED, EXACT = ("lut", "ff", "lutram"), ("bram36", "dsp")
NAMES = {"lut": "LUT", "ff": "FF", "lutram": "LUTRAM", "bram36": "BRAM", "dsp": "DSP"}
#: Cells of a placer's report that are logic or memory.
PLACED = ("TRELLIS_COMB", "TRELLIS_RAMW", "TRELLIS_FF", "DP16KD", "MULT18X18D", "LUT4", "ALU", "RAM16SDP4", "DFF",
          "BSRAM", "MULTALU27X18")
TARGET = {"mean": 0.03, "worst": 0.08}  # of look-up tables and flip-flops


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One design: counted and estimated."""

    line: Mapping[str, Any]
    counted: Usage
    estimated: Usage
    keys: tuple[str, ...]

    def error(self, resource: str) -> float:
        """Relative."""
        have = getattr(self.counted, resource)
        return getattr(self.estimated, resource) / have - 1 if have else float(getattr(self.estimated, resource) != 0)


def compared(lines: Iterable[Mapping[str, Any]], seed: int) -> list[Compared]:
    """Designs of a seed of which every part was counted."""
    every = list(lines)
    counts = {line["key"]: Usage(**line["used"]) for line in every if "part" in line}
    found = []
    for line in every:
        if line.get("seed") != seed or "shell" not in line["parts"]:
            continue
        hardware, _ = cost_of(line["target"], "shell", line["hardware"], line["family"])
        estimate = find_target(line["target"]).area(hardware, line["family"])
        times = {part.name: part.count for part in estimate.components}
        whole = sum((counts[key] * times[part] for part, key in line["parts"].items()), Usage())
        found.append(Compared(line=line, counted=whole, estimated=estimate.total, keys=tuple(line["parts"].values())))
    return found


def write_page(path: Path, head: str, points: Path, reported: int, sampled: int) -> str:
    """The page and its plots; returns the text."""
    lines = read_lines(points)
    some = compared(lines, reported)
    text = head.format(**_facts(lines, some, reported, sampled)) + _errors(some) + _missing(lines, some)
    text += "\n![Estimated against counted](estimates-counted.svg)\n\n![Errors](estimates-errors.svg)\n"
    text += "\n## Component by component\n\n" + _parts(lines, reported)
    text += "\n## Whole designs\n\n" + _wholes(lines)
    text += "\n## Placed designs\n\n" + _placed()
    text += "\n## Cycles\n\n" + _cycles()
    path.write_text(text, encoding="utf-8")
    for name, plot in (("counted", _scatter(some)), ("errors", _histogram(some))):
        path.with_name(f"estimates-{name}.svg").write_text(plot, encoding="utf-8")
    return text


def _facts(lines: Sequence[Mapping[str, Any]], some: Sequence[Compared], reported: int, sampled: int) -> dict[str, Any]:
    mine = {key for line in lines if line.get("seed") == sampled for key in line["parts"].values()}
    return {"reported": reported, "sampled": sampled, "configurations": len(some), "costs": COSTS.name,
            "syntheses": len({key for each in some for key in each.keys}), "points": len(mine),
            "verdict": "; ".join(_verdict(some, resource) for resource in ("lut", "ff", *EXACT))}


def _verdict(some: Sequence[Compared], resource: str) -> str:
    errors = [abs(each.error(resource)) for each in some]
    if resource in EXACT:
        right = sum(not error for error in errors)
        return f"{NAMES[resource]} exact in {right} of {len(errors)}"
    mean, worst = sum(errors) / len(errors), max(errors)
    kept = mean <= TARGET["mean"] and worst <= TARGET["worst"]
    return f"{NAMES[resource]} {mean:.1%} mean and {worst:.1%} worst ({'kept' if kept else '**missed**'})"


def _share(errors: Sequence[float]) -> list[str]:
    sizes = [abs(each) for each in errors]
    return [f"{sum(sizes) / len(sizes):.1%}", f"{max(errors, key=abs):+.1%}"]


def _errors(some: Sequence[Compared]) -> str:
    """A row for each family and target, and one for all."""
    groups = sorted({(each.line["family"], each.line["target"]) for each in some})
    rows = []
    for family, target in [*groups, ("", "")]:
        mine = [each for each in some if (family, target) in (("", ""), (each.line["family"], each.line["target"]))]
        cells = [cell for resource in FITTED for cell in _share([each.error(resource) for each in mine])]
        exact = [f"{sum(not each.error(resource) for each in mine)} of {len(mine)}" for resource in EXACT]
        rows.append([FAMILIES[family].title if family else "all", target, str(len(mine)),
                     str(len({key for each in mine for key in each.keys})), *cells, *exact])
    return table(["family", "target", "designs", "syntheses", *(f"{NAMES[name]} {what}" for name in FITTED
                  for what in ("mean", "worst")), *(f"{NAMES[name]} exact" for name in EXACT)], rows)


def _missing(lines: Sequence[Mapping[str, Any]], some: Sequence[Compared]) -> str:
    """Families that have coefficients, and no design yet that was not fitted."""
    wanted = {line["family"] for line in lines} - {each.line["family"] for each in some}
    names = ", ".join(FAMILIES[family].title for family in sorted(wanted))
    return f"\nFitted, and no design reported yet: {names}; taken to err by {ROUGH:.0%}.\n" if wanted else ""


def _parts(lines: Sequence[Mapping[str, Any]], reported: int) -> str:
    """A row for each family and component, of the reported seed."""
    mine = {key for line in lines if line.get("seed") == reported for key in line["parts"].values()}
    found: dict[tuple[str, str, str], list[tuple[Usage, Usage]]] = {}
    for line in lines:
        if line.get("key") in mine:
            hardware, _ = cost_of(line["target"], line["part"], line["hardware"], line["family"])
            guess = find_target(line["target"]).area(hardware, line["family"])
            one = {part.name: part.one for part in guess.components}
            found.setdefault((line["family"], line["target"], line["part"]), []).append(
                (one[line["part"]], Usage(**line["used"])))
    rows = []
    for (family, target, part), pairs in sorted(found.items()):
        cells = [cell for resource in ("lut", "ff") for cell in _share(
            [getattr(guess, resource) / getattr(counted, resource) - 1 for guess, counted in pairs])]
        rows.append([FAMILIES[family].title, target, part, str(len(pairs)), *cells])
    return table(["family", "target", "component", "syntheses", "LUT mean", "LUT worst", "FF mean", "FF worst"], rows)


def _wholes(lines: Sequence[Mapping[str, Any]]) -> str:
    """Designs that were synthesized whole and flat, beside the estimate."""
    rows = []
    for line in lines:
        if line.get("part") != "whole":
            continue
        hardware, _ = cost_of(line["target"], "shell", line["hardware"], line["family"])
        guess, counted = find_target(line["target"]).area(hardware, line["family"]).total, Usage(**line["used"])
        shown = " ".join(f"{name} {line['hardware'][name]}" for name in find_target(line["target"]).space)
        rows.append([FAMILIES[line["family"]].title, line["target"], shown, *(
            f"{getattr(counted, name):,g} ({getattr(guess, name) / getattr(counted, name) - 1:+.1%})"
            if getattr(counted, name) else "0" for name in ("lut", "ff", *EXACT)), f"{line['seconds']:.0f} s"])
    if not rows:
        return "None yet.\n"
    return ("Counted flat, and in brackets by how much the estimate is more.\n\n"
            + table(["family", "target", "design", "LUT", "FF", "BRAM", "DSP", "Yosys"], rows))


def _placed() -> str:
    """Bitstreams: what the placer used, beside estimate and count."""
    lines = {line["name"]: line for line in read_lines(EVIDENCE / "bitstreams.jsonl") if "counted" in line}
    rows = []
    for name, line in lines.items():
        family = family_of(boards.load(line["board"]))
        hardware, _ = cost_of(line["target"], "shell", line["hardware"], family.name)
        guess = find_target(line["target"]).area(hardware, family.name).total
        counted, bridge = Usage(**line["counted"]), Usage(**line["bridge"])
        placed = ", ".join(f"{cell} {line['used'][cell][0]:,}" for cell in PLACED if cell in line["used"])
        rows.append([name, family.title, *(
            f"{getattr(guess, each):,g} / {getattr(counted, each):,g} / {getattr(bridge, each):,g}"
            for each in ("lut", "ff", *EXACT)), placed])
    return ("Of the [bitstreams](bitstreams.md): the estimate of the accelerator / Yosys's count of it, part by part / "
            "Yosys's count of serial bridge and clock; and what nextpnr placed of the whole top. A placer's look-up "
            "tables are not Yosys's: those of an ECP5 hold adders and small memories too, and those of a Gowin part "
            "count adders and memories apart. Registers, blocks and multipliers can be compared.\n\n"
            + table(["bitstream", "family", "LUT", "FF", "BRAM", "DSP", "placed"], rows))


def _cycles() -> str:
    """What simulations said of cycles, out of the lines of other pages."""
    lines = read_lines(EVIDENCE / "verification.jsonl")
    lines = [line for line in lines if "estimate_minus_counter" in line]
    designs = {(line["model"], line["groups"], line["digit"], line["options"], line["graph"]) for line in lines}
    exact = sum(line["estimate_minus_counter"] == 0 for line in lines)
    return (f"{exact} of {len(lines)} simulated runs, of {len(designs)} designs and graphs, took as many cycles as "
            "estimated ([verification](verification.md), `python bench/verification.py`). They are of a build's "
            "schedule; the fast scheduler's cycles come from the same model.\n")


def _scatter(some: Sequence[Compared]) -> str:
    """Estimated against counted, of look-up tables and of flip-flops."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.6), layout="constrained")
        for axes, resource in zip(figure.subplots(1, 2), ("lut", "ff"), strict=True):
            for colour, family in enumerate(sorted({each.line["family"] for each in some})):
                mine = [each for each in some if each.line["family"] == family]
                axes.scatter([getattr(each.counted, resource) for each in mine],
                             [getattr(each.estimated, resource) for each in mine], s=16,
                             color=PALETTE[colour % len(PALETTE)], label=FAMILIES[family].title)
            ends = [min(asdict(each.counted)[resource] for each in some), max(
                asdict(each.counted)[resource] for each in some)]
            axes.plot(ends, ends, linewidth=0.8, color="grey")
            logarithmic(axes, "x")
            logarithmic(axes, "y")
            axes.set_xlabel(f"{NAMES[resource]}, counted by Yosys")
            axes.set_ylabel("estimated")
            axes.legend()
        return _svg(figure)


def _histogram(some: Sequence[Compared]) -> str:
    """How many designs have which error."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        for axes, resource in zip(figure.subplots(1, 2), ("lut", "ff"), strict=True):
            axes.hist([100 * each.error(resource) for each in some], bins=24, color=PALETTE[0])
            axes.set_xlabel(f"{NAMES[resource]}, estimate by count, less one, %")
            axes.set_ylabel("designs")
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
