"""Views of the facts under FINN's file names and keys, so that scripts written for its reports find their way."""

from collections.abc import Mapping
from typing import Any

from .facts import longest_run, slowest

__all__ = ["finn_files"]


def finn_files(facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """File name -> content. ``rtlsim_performance.json`` is there once the design has been simulated.

    FINN counts ``BRAM_18K``: two for a 36 kbit block. Efficiencies it states per layer have no counterpart in a
    design whose memories serve all layers, and are left out. Of a graph-level design, layers and the critical path are
    those of the longest batch, operations those of the whole sample.
    """
    speed, cycles, resources = facts["performance"], facts["cycles"], facts["resources"]
    passes = longest_run(cycles)
    worst = slowest(passes)
    files: dict[str, dict[str, Any]] = {
        "op_and_param_counts.json": facts["model"]["operations"],
        "estimate_layer_cycles.json": {step["name"]: step["cycles"] for step in passes},
        "estimate_layer_resources.json": {
            **{part["name"]: {**_resources(part["one"]), "count": part["count"]} for part in resources["components"]},
            "total": _resources(resources["total"]),
        },
        "estimate_network_performance.json": {
            "critical_path_cycles": speed["cycles"], "max_cycles": worst["cycles"],
            "max_cycles_node_name": worst["name"], "estimated_throughput_fps": speed["graphs_per_s"],
            "estimated_latency_ns": 1000 * speed["latency_us"],
            "fclk[mhz]": speed["clock_mhz"], "fclk": speed["clock"],
        },
    }
    run = facts["verification"]
    if run is not None and "windows" not in run:  # windows have no throughput: loads and stores lie between them
        mhz, graphs = speed["clock_mhz"], run.get("graphs", 1)
        latency = max((batch["cycles"] for batch in run.get("batches", ())), default=run["cycles"])
        rate = mhz * 1e6 * graphs / run["cycles"] if run["cycles"] else 0.0
        files["rtlsim_performance.json"] = {
            "cycles": run["cycles"], "latency_cycles": latency, "runtime[ms]": run["cycles"] / mhz / 1000,
            "throughput[images/s]": rate, "stable_throughput[images/s]": rate, "fclk[mhz]": mhz,
            "fclk": speed["clock"], "counters": run["counters"],
        }
    return files


def _resources(usage: Mapping[str, float]) -> dict[str, float]:
    return {"BRAM_18K": 2 * usage["bram36"], "LUT": usage["lut"], "FF": usage["ff"], "URAM": usage["uram"],
            "DSP": usage["dsp"]}
