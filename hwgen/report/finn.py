"""Views of the facts under FINN's file names and keys, so that scripts written for its reports find their way."""

from collections.abc import Mapping
from typing import Any

from .facts import Report

__all__ = ["finn_files"]


def finn_files(report: Report) -> dict[str, dict[str, Any]]:
    """File name -> content. ``rtlsim_performance.json`` is there once the design has been simulated.

    FINN counts ``BRAM_18K``: two for a 36 kbit block. Efficiencies it states per layer have no counterpart in a
    design whose memories serve all layers, and are left out. Layers and the critical path are those that the latency
    is of: the graph, the longest batch, or all windows; operations those of the whole sample.
    """
    speed, resources = report.performance, report.resources
    passes = _passes(report)
    worst = max(passes, key=lambda name: passes[name])
    files: dict[str, dict[str, Any]] = {
        "op_and_param_counts.json": report.model.operations,
        "estimate_layer_cycles.json": passes,
        "estimate_layer_resources.json": {
            **{part.name: {**_resources(part.one), "count": part.count} for part in resources.components},
            "total": _resources(resources.total),
        },
        "estimate_network_performance.json": {
            "critical_path_cycles": speed.cycles, "max_cycles": passes[worst], "max_cycles_node_name": worst,
            "estimated_throughput_fps": speed.graphs_per_s, "estimated_latency_ns": 1000 * speed.latency_us,
            "fclk[mhz]": speed.clock_mhz, "fclk": speed.clock,
        },
    }
    run = report.verification
    if run is not None and report.cycles.kind != "window":  # a simulation of some windows has no throughput
        rate = speed.clock_mhz * 1e6 * run.graphs / run.cycles if run.cycles else 0.0
        files["rtlsim_performance.json"] = {
            "cycles": run.cycles, "latency_cycles": max((each.cycles for each in run.runs), default=run.cycles),
            "runtime[ms]": run.cycles / speed.clock_mhz / 1000, "throughput[images/s]": rate,
            "stable_throughput[images/s]": rate, "fclk[mhz]": speed.clock_mhz, "fclk": speed.clock,
            "counters": run.counters,
        }
    return files


def _passes(report: Report) -> dict[str, int]:
    """Cycles of each pass of what the latency is of."""
    cycles = report.cycles
    if cycles.kind == "window":
        return {step.name: step.cycles for step in cycles.passes}
    longest = max(cycles.runs, key=lambda run: run.cycles)
    return {step.name: count for step, count in zip(cycles.passes, longest.pass_cycles, strict=True)}


def _resources(usage: Mapping[str, float]) -> dict[str, float]:
    return {"BRAM_18K": 2 * usage["bram36"], "LUT": usage["lut"], "FF": usage["ff"], "URAM": usage["uram"],
            "DSP": usage["dsp"]}
