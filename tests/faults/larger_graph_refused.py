"""A graph a little larger than all calibration graphs: headroom, or a way out that exists and works."""

import re

import torch
from small import build, cli, graphs, run
from torch_geometric.data import Data

import hwgen


def test():
    folder = build()
    accelerator = hwgen.Accelerator(folder)
    large = Data(x=(torch.arange(60).reshape(12, 5) % 4).float(), edge_index=torch.tensor([[0, 1], [1, 2]]))
    try:
        accelerator.run([*graphs(2), large])
        return
    except hwgen.HwgenError as error:
        text = str(error)
    options = cli("build", "--help").stdout
    named = re.findall(r"--[a-z-]+", text)
    if not named or any(name not in options for name in named):
        first, *_, last = text.splitlines()
        yield f"refused; the way out that is named is no option of build: {first[:90]} / {last.strip()[:90]}"
    if not re.search(r"graph \d|graph number", text):
        yield "the error does not say which graph of the list"
    try:
        accelerator.run_windows(large)
    except hwgen.HwgenError as error:
        yield f"run_windows refuses it as well: {str(error).splitlines()[0][:90]}"


run(test)
