"""A user's own reports of Vivado, beside the estimate: of ``report_utilization`` and ``report_timing_summary``.

Two tables of each are read, by the names of their rows and columns, which differ little between families and years.
``vivado-report-parser`` (0.5.0 on PyPI) reads the first report only, tells damage by ``assert``, and is under the GPL.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ..documents import read_text
from ..errors import HwgenError
from .facts import Report
from .tables import Table

__all__ = ["Timing", "Utilization", "read_timing", "read_utilization", "vivado_tables"]

#: Resource -> names of its row: of UltraScale+, of the 7-series.
_ROWS = {"lut": ("CLB LUTs", "Slice LUTs"), "lutram": ("LUT as Memory",), "ff": ("CLB Registers", "Slice Registers"),
         "bram36": ("Block RAM Tile",), "uram": ("URAM",), "dsp": ("DSPs",)}
_MOST = 64 << 20  # bytes of a timing report with many paths


@dataclass(frozen=True, kw_only=True)
class Utilization:
    """Parameters
    ----------
    device, state : str
        As the report names them; whether it was synthesized, placed or routed.
    used, available : dict of str to float
        By resource.
    """

    device: str
    state: str
    used: dict[str, float]
    available: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Parameters
    ----------
    setup_ns, hold_ns : float
        The worst slacks; negative where timing is not met.
    clocks : dict of str to (float, float)
        Period in ns and worst setup slack within each clock that has paths.
    """

    setup_ns: float
    hold_ns: float
    clocks: dict[str, tuple[float, float]]

    @property
    def met(self) -> bool:
        """Setup and hold are met."""
        return min(self.setup_ns, self.hold_ns) >= 0


def read_utilization(path: Path) -> Utilization:
    """Read what ``report_utilization -file`` wrote.

    Raises
    ------
    HwgenError
        Not such a file.
    """
    fix = "give the file that report_utilization -file wrote, vivado/utilization.rpt after vivado/build.tcl"
    text = _report(path, "report_utilization", fix)
    used, available = {}, {}
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == "Site Type":
            columns = cells
        for name, rows in _ROWS.items():
            if len(cells) == len(columns) > 1 and cells[0].rstrip("*") in rows and name not in used:
                row = dict(zip(columns, cells, strict=True))
                used[name], available[name] = (_number(row.get(column, ""), line, path, fix)
                                               for column in ("Used", "Available"))
    missing = {"lut", "ff", "bram36", "dsp"} - set(used)
    if missing:
        raise HwgenError(f"has no row {' or '.join(map(repr, _ROWS[min(missing)]))}", str(path), fix)
    return Utilization(device=_fact(text, "Device"), state=_fact(text, "Design State"), used=used, available=available)


def read_timing(path: Path) -> Timing:
    """Read what ``report_timing_summary -file`` wrote.

    Raises
    ------
    HwgenError
        Not such a file, or of a design without constraints.
    """
    fix = "give the file that report_timing_summary -file wrote, vivado/timing.rpt after vivado/build.tcl"
    text = _report(path, "report_timing_summary", fix)
    summary = _section(text, "Design Timing Summary")
    names = next((re.split(r"  +", line.strip()) for line in summary if "WNS(ns)" in line), [])
    values = next((line.split() for line in summary if re.match(r" +(-?[\d.]+|NA) ", line)), [])
    if len(names) != len(values) or not {"WNS(ns)", "WHS(ns)"} <= set(names):
        raise HwgenError("has no Design Timing Summary", str(path), fix)
    row = dict(zip(names, values, strict=True))
    if row["WNS(ns)"] == "NA":
        raise HwgenError("no path is constrained: WNS is NA", str(path), "implement with the clock of vivado/build.tcl")
    periods = {words[0]: float(words[-2]) for line in _section(text, "Clock Summary")
               if (words := line.split()) and re.fullmatch(r".*\} +[\d.]+ +[\d.]+ *", line)}
    clocks = {words[0]: (periods[words[0]], float(words[1])) for line in _section(text, "Intra Clock Table")
              if len(words := line.split()) > 4 and words[0] in periods and re.fullmatch(r"-?\d+\.\d+", words[1])}
    return Timing(setup_ns=_number(row["WNS(ns)"], "WNS(ns)", path, fix),
                  hold_ns=_number(row["WHS(ns)"], "WHS(ns)", path, fix), clocks=clocks)


def vivado_tables(report: Report, utilization: Utilization, timing: Timing, where: str) -> list[Table]:
    """The reports beside the build's estimate.

    Parameters
    ----------
    where : str
        Of the utilization report, for messages.

    Raises
    ------
    HwgenError
        The reports are of another part than the build.
    """
    package = re.match(r".*?[a-z]{3,4}\d{3,4}", report.board.part)
    wanted = _plain(package[0] if package else report.board.part)
    if not _plain(utilization.device).startswith(wanted):
        raise HwgenError(f"is of {utilization.device}, and the build of {report.board.part}", where,
                         "give the reports of this build, or build for the board that they are of")
    rows = []
    for name, used in utilization.used.items():
        guess = report.resources.total.get(name, 0)
        rows.append((name.upper(), f"{guess:,g}", f"{used:,g}", f"{used - guess:+,g}",
                     f"{used / guess - 1:+.1%}" if guess else "", f"{utilization.available[name]:,g}"))
    speed, assumed = report.performance, report.performance.clock_mhz
    clocks = [(f"clock {name}", f"{assumed:g} MHz", f"{1000 / period:,.1f} MHz",
               f"{slack:+.3f} ns: {1000 / (period - slack):,.1f} MHz", *_latency(speed.cycles, period, slack))
              for name, (period, slack) in timing.clocks.items()]
    state = utilization.state.lower()
    return [
        Table(title=f"Vivado, {state}, beside the estimate ({report.resources.method})", rows=rows,
              columns=("resource", "estimate", "Vivado", "difference", "of the estimate", "available")),
        Table(title=f"Timing: {'met' if timing.met else 'NOT met'}, setup slack {timing.setup_ns:+.3f} ns, "
                    f"hold slack {timing.hold_ns:+.3f} ns", rows=clocks,
              columns=("clock", "assumed", "constraint", "slack, and what it reaches",
                       f"latency of {speed.of} at the constraint", "at what it reaches"))]


def _latency(cycles: int, period: float, slack: float) -> tuple[str, str]:
    """Of a number of cycles, in microseconds."""
    return f"{cycles * period / 1000:,.2f} µs", f"{cycles * (period - slack) / 1000:,.2f} µs"


def _report(path: Path, command: str, fix: str) -> str:
    """The text of a report that a command wrote."""
    text = read_text(path, fix, _MOST)
    found = _fact(text, "Command")
    if not found:
        raise HwgenError("is no report of Vivado: it has no line with its command", str(path), fix)
    if found.split()[0] != command or "-hierarchical" in found.split():
        raise HwgenError(f"was written by {found.split()[0]}{' -hierarchical' * ('-hierarchical' in found)}, "
                         f"not by {command}", str(path), fix)
    return text


def _fact(text: str, name: str) -> str:
    """A line of a report's head."""
    found = re.search(rf"^\| {name} +: +(\S.*?) *$", text[:10_000], re.M)
    return found[1] if found else ""


def _section(text: str, title: str) -> list[str]:
    """Lines below a title of a timing report, to the next one."""
    found = re.search(rf"^\| {title}\n\| -+\n-+\n(.*?)(?=^-{{20,}}$|\Z)", text, re.M | re.S)
    return found[1].splitlines() if found else []


def _number(text: str, line: str, path: Path, fix: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise HwgenError(f"{text!r} is no number: {line.strip()!r}", str(path), fix) from None


def _plain(part: str) -> str:
    return re.sub(r"[^a-z0-9]", "", part.lower())
