"""Vivado's commands as far as a generated script uses them: recorded, and held against the table of names.

Cells have the pins that ``hwgen/deliver/names.json`` lists for their IP, the accelerator those of its component.xml.
What is not in the table, has no such pin, joins two masters or drives a pin twice ends the script with an error.
"""

import tkinter
import xml.etree.ElementTree as Xml
from pathlib import Path

from hwgen.deliver.names import table

__all__ = ["Vivado", "component_pins"]

SPIRIT = "{http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009}"


def component_pins(path):
    """Pins and interfaces of a component, and what each is."""
    found = {}
    for bus in Xml.parse(path).iter(f"{SPIRIT}busInterface"):
        name = bus.findtext(f"{SPIRIT}name")
        master = bus.find(f"{SPIRIT}master") is not None
        signal = bus.find(f"{SPIRIT}busType").get(f"{SPIRIT}library") == "signal"
        found[name] = ("out" if master else "in") if signal else ("master" if master else "slave")
    return found


class Vivado:
    """An interpreter with recording commands.

    Parameters
    ----------
    folder : Path
        Where the script lies; files that it copies are copied.
    installed : bool
        Whether board files are installed.
    """

    def __init__(self, folder, installed=True):
        self.folder, self.installed, self.names = folder, installed, table()
        self.calls, self.cells, self.values, self.nets, self.links, self.addresses = [], {}, {}, [], [], []
        self.used, self.complaint = set(), ""
        self.tcl = tkinter.Tcl()
        for name in self.names["command"]:
            self.tcl.createcommand(name, lambda *words, name=name: self._call(name, *words))
        for name in ("unknown", "exec"):
            self.tcl.createcommand(name, lambda *words: self._no("command", " ".join(words)))

    def run(self, script, *arguments):
        """Source a file of the folder."""
        self.tcl.setvar("argv", " ".join(arguments))
        self.tcl.eval(f"source {{{Path(self.folder, script)}}}")

    def _no(self, kind, name):
        self.complaint = f"no {kind} {name}"  # Tcl hears of an error, not of its text
        raise ValueError(self.complaint)

    def _use(self, kind, name):
        if name not in self.names[kind]:
            self._no(kind, name)
        self.used.add((kind, name))
        return self.names[kind][name]

    def _call(self, command, *words):
        allowed = self._use("command", command).get("options", [])
        options, rest, words = {}, [], list(words)
        flags = {"-force", "-import", "-top"}
        while words:
            word = words.pop(0)
            if word.startswith("-") and not word[1:2].isdigit():
                if word not in allowed:
                    self._no(f"option of {command}", word)
                self.used.add(("option", f"{command} {word}"))
                options[word] = True if word in flags else words.pop(0)
            else:
                rest.append(word)
        self.calls.append((command, options, rest))
        return getattr(self, f"_{command}", lambda options, *rest: rest[0] if rest else "")(options, *rest) or ""

    def _set_property(self, options, *rest):
        pairs = self.tcl.splitlist(options["-dict"]) if "-dict" in options else rest[:-1]
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            self._use("property", name)
            if name == "board_part":
                self._use("board_part", value)
                if not self.installed:
                    raise ValueError("the board file is not installed")
            self.values[rest[-1], name] = value

    def _get_property(self, options, name, what):
        self._use("property", name)
        return what

    def _get_ipdefs(self, options, pattern):
        self._use("vlnv", pattern.removesuffix(":*"))
        return pattern.replace("*", "9.9")

    def _create_bd_cell(self, options, name):
        ip = options["-vlnv"]
        if ip.startswith("hwgen:"):
            component = Path(self.folder, self.values["", "ip_repo_paths"], "component.xml")
            root = Xml.parse(component).getroot()
            own = ":".join(root.findtext(f"{SPIRIT}{tag}") for tag in ("vendor", "library", "name", "version"))
            assert ip == own
            self.cells[name] = component_pins(component)
        else:
            kind = ip.split(":")[2]
            self.cells[name] = {pin.split("/")[1]: facts["is"] for pin, facts in self.names["pin"].items()
                                if pin.startswith(f"{kind}/")}
            self.values[name, "kind"] = kind
        return name

    def _apply_bd_automation(self, options, cell):
        keys = self.tcl.splitlist(options["-config"])[::2]
        wrong = set(keys) - set(self._use("rule", options["-rule"])["config"])
        if wrong:
            self._no("setting of a rule", wrong)

    def _get_bd_cells(self, options, name):
        return name if name in self.cells else self._no("cell", name)

    def _pin(self, path, kinds):
        cell, pin = path.split("/")
        if self.cells.get(cell, {}).get(pin) not in kinds:
            self._no("pin", path)
        kind = self.values.get((cell, "kind"))
        if kind:
            self._use("pin", f"{kind}/{pin}")
        return path

    def _get_bd_pins(self, options, path):
        return self._pin(path, ("in", "out"))

    def _get_bd_intf_pins(self, options, path):
        return self._pin(path, ("master", "slave"))

    def kind(self, path):
        """What a pin is."""
        cell, pin = path.split("/")
        return self.cells[cell][pin]

    def _connect_bd_net(self, options, source, sink):
        if (self.kind(source), self.kind(sink)) != ("out", "in") or sink in [other for _, other in self.nets]:
            self._no("such net", f"{source} {sink}")
        self.nets.append((source, sink))

    def _connect_bd_intf_net(self, options, one, other):
        joined = [pin for link in self.links for pin in link]
        if (self.kind(one), self.kind(other)) != ("master", "slave") or one in joined or other in joined:
            self._no("such link", f"{one} {other}")
        self.links.append((one, other))

    def _segment(self, options, path):
        cell, rest = path.split("/", 1)
        kind = self.values.get((cell, "kind"))
        if kind:
            self._use("segment", f"{kind}/{rest}")
        elif cell not in self.cells or rest.split("/")[0] not in self.cells[cell]:
            self._no("segment", path)
        return path

    _get_bd_addr_spaces = _get_bd_addr_segs = _segment

    def _assign_bd_address(self, options, segment):
        self.addresses.append((options["-target_address_space"], segment, int(options["-offset"], 0),
                               options["-range"]))
