"""The table a build ends with."""

from typing import Any

from rich.markup import escape

from .console import Console

__all__ = ["show_design"]

#: Hardware parameters that are options, of either organisation.
_STREAM = ("units", "lanes", "requant_lanes")
_NODE = ("groups", "servers", "digit", "requant_lanes", "planes", "bank_depth", "slots")


def show_design(console: Console, facts: dict[str, Any]) -> None:
    """Print the design, cycles by pass and against uniform bit widths, resources against the board, and speed."""
    stream = facts.get("organisation") == "stream"
    design = {name: facts["hardware"][name] for name in (_STREAM if stream else _NODE)}
    if stream:
        design |= {"graphs": facts["capacities"]["max_graphs"]} if "max_graphs" in facts["capacities"] else {}
    console.say("design: " + " ".join(f"--{name.replace('_', '-')} {value}" for name, value in design.items()))
    if facts.get("choice"):
        console.say(f"chosen: {facts['choice']}")
    _cycles(console, facts["cycles"], "the rows" if stream else "the nodes")
    windows = facts["cycles"].get("windows")
    if windows:
        _windows(console, windows)
    elif stream:
        _batches(console, facts["cycles"]["batches"])
    _resources(console, facts)
    speed = facts["performance"]
    clock = f"at {speed['clock_mhz']} MHz ({speed['clock']})"
    exact = facts["verification"]["bit_exact"] if facts["verification"] else None
    console.table(f"{escape(facts['model']['name'])} on {facts['board']['title']}", ("what", "value"), [
        ("bit-exact", {True: "yes", False: "no", None: "not simulated"}[exact]),
        *(_window_speed(speed, clock) if windows else _lists_speed(speed, clock) if stream else _speed(speed, clock)),
        ("average bits of a row" if stream else "average bits of a hidden value",
         f"{facts['model']['average_bits']['rows']:.3f}"),
    ])


def _speed(speed: dict[str, Any], clock: str) -> list[tuple[str, str]]:
    return [("cycles a graph", f"{speed['cycles']:,}"),
            (f"kernel latency {clock}", f"{speed['latency_us']:.2f} µs"),
            (f"throughput {clock}", f"{speed['graphs_per_s']:,.0f} graphs/s")]


def _lists_speed(speed: dict[str, Any], clock: str) -> list[tuple[str, str]]:
    return [("cycles a graph, mean", f"{speed['cycles_per_graph']:,.0f}"),
            (f"kernel latency of the longest batch {clock}", f"{speed['latency_us']:.2f} µs"),
            (f"throughput {clock}, images on the chip", f"{speed['graphs_per_s']:,.0f} graphs/s"),
            (f"throughput {clock}, with loads and stores", f"{speed['graphs_per_s_with_transfers']:,.0f} graphs/s")]


def _window_speed(speed: dict[str, Any], clock: str) -> list[tuple[str, str]]:
    return [("cycles of all windows, loads and stores included", f"{speed['cycles']:,}"),
            (f"latency {clock}, loads and stores included", f"{speed['latency_us'] / 1000:,.2f} ms"),
            (f"throughput {clock}, loads and stores included", f"{speed['graphs_per_s']:,.1f} graphs/s")]


def _cycles(console: Console, cycles: dict[str, Any], rows_of: str) -> None:
    passes, total = cycles["passes"], cycles["total"]
    stages = list(passes[0]["utilisation"])
    rows = [(step["name"], f"{step['cycles']:,}", *(f"{step['utilisation'][stage]:.0%}" for stage in stages))
            for step in passes]
    of = f", of {len(cycles['batches'])} batches" if len(cycles.get("batches", ())) > 1 else ""
    console.table(f"Cycles by pass{of}", ("pass", "cycles", *(f"{stage} busy" for stage in stages)),
                  [*rows, ("total", f"{total:,}", *("" for _ in stages))])
    console.table(f"Cycles of the same design by bit widths of {rows_of}",
                  ("bit widths", "cycles", "against learned"), [
        (name, f"{cycles:,}", "" if name == "learned" else f"{cycles / total - 1:+.1%}")
        for name, cycles in cycles["by_bits"].items()])


def _batches(console: Console, batches: list[dict[str, Any]]) -> None:
    """The longest batch beside all of them: a sample may have hundreds."""
    longest = max(range(len(batches)), key=lambda index: batches[index]["cycles"])
    keys = ("graphs", "nodes", "edges", "cycles", "load_beats", "store_beats")
    total = {key: sum(batch[key] for batch in batches) for key in keys}
    console.table("Batches", ("batch", *(key.replace("_", " ") for key in keys), "cycles a graph"), [
        (name, *(f"{batch[key]:,}" for key in keys), f"{batch['cycles'] / batch['graphs']:,.0f}")
        for name, batch in ((f"{longest:04d}, the longest", batches[longest]), (f"all {len(batches)}", total))])


def _windows(console: Console, windows: dict[str, Any]) -> None:
    """Windows of each pass, and cycles of all."""
    keys = ("windows", "rows", "entries", "load_beats", "store_beats", "cycles")
    rows = [*windows["passes"], {"name": "all", **{key: sum(step[key] for step in windows["passes"]) for key in keys}}]
    console.table("Windows", ("pass", "windows", "rows", "list entries", "beats loaded", "beats stored",
                              "cycles of running"),
                  [(step["name"], *(f"{step[key]:,}" for key in keys)) for step in rows])
    console.say(f"cycles of all windows: {windows['run']:,} running, {windows['load']:,} loading, "
                f"{windows['store']:,} storing; {windows['total']:,} one after the other")


def _resources(console: Console, facts: dict[str, Any]) -> None:
    used, parts = facts["resources"]["utilisation"], facts["resources"]["components"]
    console.table(
        f"Resources on {facts['board']['title']} ({facts['resources']['method']})",
        ("resource", *(f"{part['count']} x {part['name']}" for part in parts), "used", "available", "share"),
        [(name.upper(), *(f"{part['count'] * part['one'][name]:,g}" for part in parts), f"{entry['used']:,g}",
          f"{entry['available']:,}", f"{entry['share']:.1%}") for name, entry in used.items()])
