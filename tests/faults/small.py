"""Tiny models, graphs and builds for the scripts of this folder, and how they report."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, GINConv, global_mean_pool

import hwgen

#: The Gin below as a file of a user, for the command line.
NET = """
import torch
from torch import nn
from torch_geometric.nn import GINConv, global_mean_pool
class Net(nn.Module):
    def __init__(self, outputs=3):
        super().__init__()
        torch.manual_seed(0)
        self.conv = GINConv(nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8)))
        self.head = nn.Linear(8, outputs)
    def forward(self, x, edge_index, batch):
        return self.head(global_mean_pool(self.conv(x, edge_index).relu(), batch))
"""


class Gin(nn.Module):
    """One GIN layer, mean pool, linear head: goes to the graph level."""

    def __init__(self, outputs: int = 3, features: int = 5, hidden: int = 8) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = GINConv(nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, hidden)))
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        return self.head(global_mean_pool(self.conv(x, edge_index).relu(), batch))


class Chain(nn.Module):
    """Two GCN layers: with scheme a2q it goes to the node level."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.near, self.far = GCNConv(5, 8), GCNConv(8, 3)

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        return self.far(self.near(x, edge_index).relu(), edge_index)


def graphs(count: int = 6, low: int = 4, high: int = 9, features: int = 5, seed: int = 0) -> list[Data]:
    """Random graphs with features 0 to 3 and three classes."""
    random = torch.Generator().manual_seed(seed)
    made = []
    for index in range(count):
        n = int(torch.randint(low, high, (1,), generator=random))
        made.append(
            Data(
                x=torch.randint(0, 4, (n, features), generator=random).float(),
                edge_index=torch.randint(0, n, (2, 3 * n), generator=random),
                y=torch.tensor([index % 3]),
            )
        )
    return made


def one_graph(nodes: int = 24) -> Data:
    """One graph with a label and a mask for every node."""
    made = graphs(1, nodes, nodes + 1, seed=5)[0]
    made.y, made.test_mask = torch.arange(nodes) % 3, torch.arange(nodes) < nodes // 2
    return made


def temporary() -> Path:
    """A folder that is removed when the script ends."""
    keep = tempfile.TemporaryDirectory(prefix="fault-")
    _kept.append(keep)
    return Path(keep.name)


_kept: list[tempfile.TemporaryDirectory] = []


def checkpoint(path: Path, level: str = "graph") -> Path:
    """A checkpoint of Gin (``graph``) or Chain (``node``)."""
    data, model, scheme = (graphs(), Gin(), "nns") if level == "graph" else (one_graph(), Chain(), "a2q")
    hwgen.save(hwgen.quantize(model.eval(), scheme=scheme, data=data), data, path)
    return path


def build(level: str = "graph", simulator: bool = False) -> Path:
    """A copy of the smallest build of that checkpoint; FAULTS_WORK names a folder that keeps one between scripts.

    With ``simulator`` the cache holds a compiled simulator of it.
    """
    work = Path(os.environ.get("FAULTS_WORK") or temporary())
    made = work / f"build-{level}"
    if not made.exists():
        smallest = {"units": 1, "lanes": 8, "requant_lanes": 1, "graphs": 3} if level == "graph" else {
            "groups": 1, "servers": 4, "requant_lanes": 2, "lane_sets": 1}
        hwgen.build(checkpoint(work / f"{level}.pt", level), out=made, **smallest)
    compiled = work / f"compiled-{level}"
    if simulator and not compiled.exists():
        hwgen.verify(made)
        compiled.touch()
    return Path(shutil.copytree(made, temporary() / "b", symlinks=True))


def cli(*words: object, cwd: Path | None = None, timeout: float = 300, **env: str) -> subprocess.CompletedProcess[str]:
    """``python -m hwgen ...``; past its time it is ended with all its children: exit code 124."""
    command = ["-m", "hwgen", *map(str, words)]
    setting = {**os.environ, "COLUMNS": "200", **env}
    try:
        if server := os.environ.get("FAULTS_FORKS"):
            import forks  # of tests/support, which programs that run by themselves do not see

            done = forks.run(Path(server), command, cwd=cwd or Path.cwd(), env=setting, timeout=timeout)
            return subprocess.CompletedProcess(command, *done)
        return _started([sys.executable, *command], cwd, setting, timeout)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"still running after {timeout:g} s")


def _started(command: list[str], cwd: Path | None, env: dict[str, str],
             timeout: float) -> subprocess.CompletedProcess[str]:
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def said(result: subprocess.CompletedProcess[str]) -> str:
    """The error that a command printed, in one line."""
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("error:")), len(lines) - 1)
    return f"exit code {result.returncode}, " + " / ".join(lines[first:])[:230]


def unrefused(result: subprocess.CompletedProcess[str]) -> str | None:
    """None if the command refused its input with three lines and exit code 2; otherwise what it did."""
    if (
        result.returncode == 2
        and any(word in result.stderr for word in ("mend:", "fix:", "hint:"))
        and "Traceback" not in result.stderr
    ):
        return None
    if result.returncode == 0:
        return "accepted"
    return said(result)


def raised(call: Callable[[], object]) -> Exception | None:
    """What a call raises."""
    try:
        call()
    except Exception as error:
        return error
    return None


def run(test: Callable[[], Iterable[str]]) -> None:
    """Print OK, or FAULT and what the test found, and exit."""
    try:
        found = list(test())
    except Exception as error:
        found = [f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"]
    print("FAULT: " + "; ".join(found) if found else "OK")
    sys.exit(bool(found))
