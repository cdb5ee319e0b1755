"""The driver of a build folder runs alone, on Python 3.10 with NumPy; its C speaks the same protocol.

With ``HWGEN_BOARD_PYTHON`` (an interpreter) and ``HWGEN_BOARD_SITE`` (a folder with its NumPy) that one runs it too.
"""

import ast
import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from board_stand_in import ListsMachine, StandIn
from stream_reader.lists import Machine

import boards
from hwgen.deliver.build_folder import deliver_files
from hwgen.deliver.driver import PACKAGE
from hwgen.driver import Device, RunFolder
from hwgen.driver.runs import model_of, run_folders
from hwgen.driver.validate import BITSTREAM, play
from hwgen.flow.folder import write_files
from rtl_templates.shell.status import Error

ROOT = Path(__file__).parents[3]

#: What Python 3.10 has, and NumPy since 1.21, of all that the driver imports.
PLAIN = {"argparse", "json", "numpy", "struct", "sys", "time", "zlib"}
FROM = {"collections.abc": {"Iterable", "Mapping", "Sequence"}, "dataclasses": {"dataclass", "field"},
        "importlib": {"import_module"}, "itertools": {"pairwise"}, "numpy.typing": {"NDArray"}, "pathlib": {"Path"},
        "typing": {"Any", "Protocol"}}

#: A board whose accelerator answers what the interpreter of load streams computed.
PYNQ = '''
import hashlib, json
from pathlib import Path
import numpy

REPLIES = json.loads((Path(__file__).parent / "replies.json").read_text())
memory = {}

class Buffer(numpy.ndarray):
    flushed = fresh = False
    def flush(self): self.flushed = True
    def invalidate(self): self.fresh = True
    physical_address = property(lambda self: id(self))

def allocate(shape, dtype="u4", target=None, **more):
    made = numpy.zeros(shape, dtype).view(Buffer)
    memory[id(made)] = made
    return made

class IP:
    def __init__(self):
        self.names = {entry["offset"]: entry["name"] for entry in REPLIES["registers"]}
        self.values = {entry["name"]: entry["value"] for entry in REPLIES["registers"] if "value" in entry}
        self.base = {entry["name"]: entry["offset"] for entry in REPLIES["registers"]}["PASS_CYCLES"]
        self.stamps = []
    def read(self, offset):
        if 0 <= (offset - self.base) // 4 < len(self.stamps):
            return self.stamps[(offset - self.base) // 4]
        return self.values.get(self.names[offset], 0)
    def write(self, offset, value):
        assert type(value) is int
        name, values = self.names[offset], self.values
        values[name] = value
        if name != "CONTROL":
            return
        address = values.get("STORE_BASE_LOW" if value == 4 else "LOAD_BASE_LOW", 0)
        address |= values.get("STORE_BASE_HIGH" if value == 4 else "LOAD_BASE_HIGH", 0) << 32
        if value == 1:
            assert memory[address].flushed and memory[address].nbytes == 16 * values["LOAD_BEATS"]
            self.now = REPLIES["runs"].get(hashlib.sha256(memory[address].tobytes()).hexdigest(), {})
        if value == 2:
            values.update(self.now["counters"])
            self.stamps = self.now["stamps"]
        if value == 4:
            memory[address][:] = numpy.frombuffer(bytes.fromhex(self.now["stored"]), "u1")
        values["STATUS"] = REPLIES["error"] << 8 if REPLIES["error"] else value << 4

class Overlay:
    def __init__(self, bitfile_name, dtbo=None, download=True, ignore_version=False, device=None):
        assert Path(bitfile_name).with_suffix(".hwh").is_file()
        self.accelerator_0 = IP()
'''


@pytest.fixture(scope="module")
def delivered(built, tmp_path_factory):
    """A build with its driver and a bitstream, and what a board answers."""
    folder, made, design = built
    build = tmp_path_factory.mktemp("board") / "build"
    shutil.copytree(folder, build)
    write_files(build, deliver_files(boards.load("ultra96"), design, build, "design_xcup.v"))
    write_files(build, {str(BITSTREAM): "bits", str(BITSTREAM.with_suffix(".hwh")): "<EDKSYSTEM/>"})
    machine, runs = Machine(made.hardware, model_of(build)), {}
    for path in run_folders(build / "batches"):
        run = RunFolder.read(path, build)
        results = machine.run(run.stream)[-1].results
        stored = b"".join(int(results.get((unit, word), 0)).to_bytes(16, "little")
                          for unit in range(run.units) for word in range(run.words))
        runs[hashlib.sha256(run.stream).hexdigest()] = {
            "stored": stored.hex(), "counters": {**run.counters, "CYCLES": run.cycles},
            "stamps": np.cumsum(run.pass_cycles).tolist()}
    return build, {"registers": design["registers"], "runs": runs, "error": 0}


def pythons():
    """Interpreters, and a folder with NumPy for each."""
    yield pytest.param(sys.executable, Path(np.__file__).parents[1], id="this")
    if "HWGEN_BOARD_PYTHON" in os.environ:
        yield pytest.param(os.environ["HWGEN_BOARD_PYTHON"], Path(os.environ["HWGEN_BOARD_SITE"]), id="board")


def validate(build, replies, where, python=sys.executable, numpy=Path(np.__file__).parents[1], *arguments):
    """Run validate.py with nothing but the standard library, NumPy and a stand-in of pynq."""
    (where / "pynq.py").write_text(PYNQ)
    (where / "replies.json").write_text(json.dumps(replies))
    for name in ("numpy", "numpy.libs"):
        if (numpy / name).exists() and not (where / name).exists():
            (where / name).symlink_to(numpy / name)
    script = (f"import runpy, sys; sys.path.insert(0, {str(where)!r}); sys.argv[0] = 'validate.py'; "
              f"runpy.run_path({str(build / 'driver' / 'validate.py')!r}, run_name='__main__')")
    return subprocess.run([python, "-I", "-S", "-B", "-c", script, *arguments], capture_output=True, text=True,
                          check=False, timeout=120)


def test_the_driver_is_what_hwgen_itself_runs(delivered):
    folder = delivered[0] / "driver" / PACKAGE
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    own = {f"driver/{path.name}" for path in (ROOT / "hwgen" / "driver").glob("*.py")}
    assert names == {"__init__.py", "errors.py", *own}
    for name in names - {"__init__.py"}:
        text = (folder / name).read_text()
        assert text == (ROOT / "hwgen" / name).read_text()
        tree = ast.parse(text, feature_version=(3, 10))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= PLAIN, name
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert {alias.name for alias in node.names} <= FROM[node.module], name


@pytest.mark.parametrize(("python", "numpy"), list(pythons()))
def test_validate_alone(delivered, tmp_path, python, numpy):
    build, replies = delivered
    done = validate(build, replies, tmp_path, python, numpy)
    assert (done.returncode, done.stderr) == (0, "")
    cycles = sum(run["counters"]["CYCLES"] for run in replies["runs"].values())
    for words in ("bit-exact                         yes", "run on the board", "all 2 runs of batches",
                  f"cycles, by the RTL's counter      {cycles:,}", "+0 in every run"):
        assert words in done.stdout
    gathered = sum(run["counters"]["GATHER_RUN"] for run in replies["runs"].values())
    assert any(line.split() == ["GATHER_RUN", f"{gathered:,}", f"{gathered:,}"] for line in done.stdout.splitlines())


def changed(replies, **values):
    """Replies of which those of the first run differ."""
    first, *rest = replies["runs"]
    return {**replies, "runs": {first: {**replies["runs"][first], **values}, **{name: replies["runs"][name]
                                                                               for name in rest}}}


def test_what_validate_finds(delivered, tmp_path):
    build, replies = delivered
    first = next(iter(replies["runs"].values()))
    wrong = changed(replies, stored=f"{int(first['stored'][:2], 16) ^ 1:02x}{first['stored'][2:]}")
    done = validate(build, wrong, tmp_path)
    assert done.returncode == 1
    assert "run 0000, row 0, column 0: expected" in done.stderr
    assert "bit-exact                         no" in done.stdout
    slow = changed(replies, counters={**first["counters"], "CYCLES": first["counters"]["CYCLES"] + 1})
    done = validate(build, slow, tmp_path)
    assert done.returncode == 1
    assert "-1 in 1 of 2 runs" in done.stdout
    done = validate(build, changed(replies, stamps=[1, *first["stamps"][1:]]), tmp_path)
    assert done.returncode == 1
    assert "cycles of the passes" in done.stderr


def test_what_a_user_can_mend(delivered, tmp_path):
    build, replies = delivered
    done = validate(build, {**replies, "error": int(Error.CHECKSUM)}, tmp_path)
    assert done.returncode == 2
    assert f"CHECKSUM: {Error.CHECKSUM.meaning}" in done.stderr
    done = validate(build, replies, tmp_path, sys.executable, Path(np.__file__).parents[1], "--bitstream", "none.bit")
    assert done.returncode == 2
    assert done.stderr.startswith("no bitstream\n  at none.bit\n")
    done = validate(build, replies, tmp_path, sys.executable, Path(np.__file__).parents[1], "--runs", str(tmp_path))
    assert done.returncode == 2
    assert "holds no runs" in done.stderr


def test_a_stand_in_without_counters_is_noticed(delivered):
    build, made = delivered[0], json.loads((delivered[0] / "design.json").read_text())
    ports = StandIn(Hardware(made["hardware"]), ListsMachine, made)
    runs = [RunFolder.read(path, build) for path in run_folders(build / "batches")]
    done = play(Device(ports, build), model_of(build), runs, "all")
    assert not done.bit_exact
    assert done.codes_compared == sum(run.results.codes.size for run in runs)
    assert not [line for line in done.wrong if "row" in line]


class Hardware:
    """Hardware parameters as the interpreter reads them."""

    def __init__(self, values):
        vars(self).update(values)

    def to_dict(self):
        """As of a target."""
        return dict(vars(self))


STUB = """
#include "platform.h"
#include <stdlib.h>
uint32_t (*on_read)(uint32_t); void (*on_write)(uint32_t, uint32_t);
uint64_t (*on_send)(const void *, size_t); uint64_t (*on_reserve)(size_t); void (*on_receive)(void *, size_t);
uint32_t hwgen_read(uint32_t offset) { return on_read(offset); }
void hwgen_write(uint32_t offset, uint32_t value) { on_write(offset, value); }
uint64_t hwgen_send(const void *data, size_t size) { return on_send(data, size); }
uint64_t hwgen_reserve(size_t size) { return on_reserve(size); }
void hwgen_receive(void *data, size_t size) { on_receive(data, size); }
int hwgen_wait(unsigned looks) { return looks > 100; }
"""
STRICT = ("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1")
NEEDS_CC = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.fixture(scope="module")
def library(delivered, tmp_path_factory):
    """The C protocol over a stand-in whose accelerator computes: functions, and the stand-in."""
    build, folder = delivered[0], tmp_path_factory.mktemp("c")
    (folder / "stub.c").write_text(STUB)
    source = build / "driver" / "c"
    subprocess.run([*STRICT, "-shared", "-fPIC", "-I", str(source), str(source / "hwgen.c"), "stub.c", "-o", "lib.so"],
                   cwd=folder, check=True)
    made = json.loads((build / "design.json").read_text())
    ports, c = StandIn(Hardware(made["hardware"]), ListsMachine, made), ctypes.CDLL(str(folder / "lib.so"))
    u32, u64, size, pointer = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p
    kept = {
        "on_read": ctypes.CFUNCTYPE(u32, u32)(ports.read), "on_write": ctypes.CFUNCTYPE(None, u32, u32)(ports.write),
        "on_send": ctypes.CFUNCTYPE(u64, pointer, size)(lambda data, n: ports.send(ctypes.string_at(data, n))),
        "on_reserve": ctypes.CFUNCTYPE(u64, size)(ports.reserve),
        "on_receive": ctypes.CFUNCTYPE(None, pointer, size)(
            lambda data, n: ctypes.memmove(data, ports.receive(n), n) and None)}
    for name, function in kept.items():
        ctypes.c_void_p.in_dll(c, name).value = ctypes.cast(function, pointer).value
    c.hwgen_meaning.restype = ctypes.c_char_p
    ports.kept = kept  # as long as the library may call them
    return c, ports


@NEEDS_CC
def test_the_c_example_plays_golden_batches(delivered, library):
    build, (c, _) = delivered[0], library
    model = model_of(build)
    assert c.hwgen_open() == 0
    assert c.hwgen_load(model, ctypes.c_size_t(len(model))) == 0
    for path in run_folders(build / "batches"):
        run = RunFolder.read(path, build)
        assert c.hwgen_load(run.stream, ctypes.c_size_t(len(run.stream))) == 0
        assert c.hwgen_run() == 0
        results = ctypes.create_string_buffer(16 * run.words * run.units)
        assert c.hwgen_store(results, run.words, run.units) == 0
        np.testing.assert_array_equal(run.results.read(results.raw), run.results.codes)


@NEEDS_CC
def test_the_c_example_says_what_is_wrong(library):
    c, ports = library
    for error in list(Error)[1:]:
        ports.fail, ports.done = error, error % 2
        assert c.hwgen_run() == error
        assert c.hwgen_meaning(int(error)).decode() == f"{error.name}: {error.meaning}"
    ports.fail, ports.status = 0, 0
    right, ports.fixed["VERSION"] = ports.fixed["VERSION"], 0
    assert c.hwgen_open() == 100
    ports.fixed["VERSION"] = right
    assert b"another design" in c.hwgen_meaning(100)
    ports.fail, ports.status, ports.done = 1 << 20, 0, False  # an error that has no bit: neither done nor wrong
    assert c.hwgen_run() == 101
    ports.fail = 0


@NEEDS_CC
def test_the_whole_c_example_compiles_and_names_what_is_missing(delivered, tmp_path):
    source = delivered[0] / "driver" / "c"
    files = [str(source / name) for name in ("example.c", "hwgen.c", "platform_linux.c")]
    subprocess.run([*STRICT, *files, "-o", "example"], cwd=tmp_path, check=True)
    environment = {**os.environ, "HWGEN_UDMABUF": "none-of-that-name"}
    run = subprocess.run([str(tmp_path / "example"), "-", "batch.bin", "1", "1", "out.bin"], env=environment,
                         capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert "there is no such u-dma-buf" in run.stderr
