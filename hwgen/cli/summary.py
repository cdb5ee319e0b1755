"""The table a build ends with."""

from typing import Any

from .console import Console

__all__ = ["show_design"]

_DESIGN = ("groups", "servers", "digit", "requant_lanes", "planes", "bank_depth", "slots")


def show_design(console: Console, facts: dict[str, Any]) -> None:
    """Print the design, cycles by pass and against uniform bit widths, resources against the board, and speed."""
    design = facts["hardware"]
    console.say("design: " + " ".join(f"--{name.replace('_', '-')} {design[name]}" for name in _DESIGN))
    if facts.get("choice"):
        console.say(f"chosen: {facts['choice']}")
    passes, total = facts["cycles"]["passes"], facts["cycles"]["total"]
    stages = list(passes[0]["utilisation"])
    rows = [(step["name"], f"{step['cycles']:,}", *(f"{step['utilisation'][stage]:.0%}" for stage in stages))
            for step in passes]
    console.table("Cycles by pass", ("pass", "cycles", *(f"{stage} busy" for stage in stages)),
                  [*rows, ("total", f"{total:,}", *("" for _ in stages))])
    console.table("Cycles of the same design by bit widths of the nodes", ("bit widths", "cycles", "against learned"), [
        (name, f"{cycles:,}", "" if name == "learned" else f"{cycles / total - 1:+.1%}")
        for name, cycles in facts["cycles"]["by_bits"].items()])
    used = facts["resources"]["utilisation"]
    parts = facts["resources"]["components"]
    console.table(
        f"Resources on {facts['board']['title']} ({facts['resources']['method']})",
        ("resource", *(f"{part['count']} x {part['name']}" for part in parts), "used", "available", "share"),
        [(name.upper(), *(f"{part['count'] * part['one'][name]:,g}" for part in parts), f"{entry['used']:,g}",
          f"{entry['available']:,}", f"{entry['share']:.1%}") for name, entry in used.items()])
    speed = facts["performance"]
    exact = facts["verification"]["bit_exact"] if facts["verification"] else None
    console.table(f"{facts['model']['name']} on {facts['board']['title']}", ("what", "value"), [
        ("bit-exact", {True: "yes", False: "no", None: "not simulated"}[exact]),
        ("cycles a graph", f"{total:,}"),
        (f"kernel latency at {speed['clock_mhz']} MHz ({speed['clock']})", f"{speed['latency_us']:.2f} µs"),
        (f"throughput at {speed['clock_mhz']} MHz ({speed['clock']})", f"{speed['graphs_per_s']:,.0f} graphs/s"),
        ("average bits of a hidden value", f"{facts['model']['average_bits']['hidden_maps']:.3f}"),
    ])
