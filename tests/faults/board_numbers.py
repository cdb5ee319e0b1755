"""Numbers of a board file: zero or absurd ones are refused by name; no traceback, no board without flip-flops."""

import re

from small import checkpoint, cli, run, temporary, unrefused

BOARD = """
name = "mine"
title = "My board"
part = "xczu3eg-sbva484-1-e"
package = "sbva484"
family = "xcup"
flow = "vivado"
[resources]
lut = 70560
ff = 141120
bram36 = 216
uram = 0
dsp = 360
lutram = 28800
[clock]
assumed_mhz = 250
source = "ps"
[memory]
kind = "LPDDR4"
mebibytes = 2048
ports = 4
port_bits = 128
peak_gb_per_s = 8.5
"""


def test():
    folder = temporary()
    model = checkpoint(folder / "m.pt", "node")
    for key, value in (
        ("assumed_mhz", "0"),
        ("assumed_mhz", "9" * 400),
        ("ff", "9" * 400),
        ("ff", "0"),
        ("mebibytes", "0"),
        ("port_bits", "0"),
        ("peak_gb_per_s", "inf"),
    ):
        (folder / "x.toml").write_text(re.sub(rf"^{key} = .*$", f"{key} = {value}", BOARD, flags=re.MULTILINE))
        wrong = unrefused(
            cli("estimate", model, "--groups", 1, "--servers", 4, "--board", folder / "x.toml", timeout=30)
        )
        if wrong:
            yield f"{key} = {value[:1]}{'...' if len(value) > 3 else value[1:]}: {wrong[:90]}"


run(test)
