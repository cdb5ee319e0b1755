"""How good files are changed: bytes, members of archives, JSON, TOML, tensors and arrays, each as a generator draws."""

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["change_bytes", "change_checkpoint", "change_graphs", "change_json", "change_members", "change_npz",
           "change_toml"]

ODD: tuple[Any, ...] = (
    None, True, {}, [], "", "x", -1, 0, 0.5, 2**31, 2**62, 2**64, 10**29, -(2**63) - 1, 1e308, -1e-300, [[]], {"a": {}},
    "\x1b[31m", "[/bold]", "$\\frac$", "a\u202eb", "../../x", "x" * 5000, ["x"] * 3, [None], 10**4000, "\ud800")
RAW = ("NaN", "Infinity", "9" * 5000, "[" * 3000 + "]" * 3000, "[" * 100_000, '{"a":' * 50_000, "1e999", "-",
       '"\\u0000"')


def change_bytes(draw: random.Random, content: bytes) -> tuple[str, bytes]:
    """Bytes of any file, damaged."""
    at = draw.randrange(max(1, len(content)))
    size = draw.choice([1, 2, 16, 200, 4000])
    how = draw.choice(["flip", "cut", "zeros", "noise", "insert", "repeat", "swap", "append", "empty"])
    if how == "flip":
        changed = bytearray(content)
        for _ in range(draw.choice([1, 1, 3, 30])):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        return how, bytes(changed)
    if how in ("zeros", "noise"):
        part = bytes(size) if how == "zeros" else draw.randbytes(size)
        return f"{how} {size}", content[:at] + part + content[at + size:]
    if how == "swap":
        other = draw.randrange(max(1, len(content)))
        low, high = sorted((at, other))
        return how, content[:low] + content[high:high + size] + content[low + size:high] + content[low:low + size] + (
            content[high + size:])
    return how, {"cut": content[:at], "insert": content[:at] + draw.randbytes(size) + content[at:],
                 "repeat": content[:at] * 2 + content[at:], "append": content + draw.randbytes(size), "empty": b""}[how]


def change_members(draw: random.Random, path: Path) -> tuple[str, bytes]:
    """The members of an archive, changed with right checksums."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = draw.choice(list(members))
    what, content = change_bytes(draw, members[name])
    how = draw.choice(["change", "change", "change", "drop", "rename", "bomb"])
    if how == "drop":
        del members[name]
    elif how == "rename":
        members[draw.choice(["../x", "/etc/x", name + "x", "x" * 300])] = members.pop(name)
    elif how == "bomb":
        members[name] += bytes(draw.choice([1 << 20, 80 << 20]))
    else:
        members[name] = content
    packing = zipfile.ZIP_DEFLATED if how == "bomb" or draw.random() < 0.2 else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for each, value in members.items():
            archive.writestr(each, value)
    return f"{how} {name} {what if how == 'change' else ''}", buffer.getvalue()


def _inner(draw: random.Random, content: Any) -> tuple[Any, Any, str]:
    """A container somewhere in plain data, one of its keys, and the path to it."""
    holder, trail = content, ""
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return holder, None, trail
        key = draw.choice(keys)
        trail += f".{key}"
        if not isinstance(holder[key], dict | list) or not holder[key] or draw.random() < 0.2:
            return holder, key, trail
        holder = holder[key]


def change_json(draw: random.Random, content: Any) -> tuple[str, str]:
    holder, key, trail = _inner(draw, content)
    how = draw.choice(["odd", "odd", "odd", "near", "raw", "drop", "add"])
    if key is None or how == "add":
        target = holder if isinstance(holder, dict) else content
        target[draw.choice(["more", "", "\x00", "x" * 300, "limits"])] = draw.choice(ODD)
        return f"add at {trail}", _dump(content)
    if how == "drop":
        del holder[key]
    elif how == "near":
        value = holder[key]
        holder[key] = value + draw.choice([1, -1, 0.5]) if isinstance(value, int | float) else draw.choice(ODD)
    elif how == "raw":
        holder[key] = "RAW"
        return f"raw at {trail}", _dump(content).replace('"RAW"', draw.choice(RAW))
    else:
        holder[key] = draw.choice(ODD)
    return f"{how} at {trail}", _dump(content)


def _dump(content: Any) -> str:
    return json.dumps(content, skipkeys=True)


def change_toml(draw: random.Random, text: str) -> tuple[str, str]:
    lines = [line for line in text.splitlines() if line]
    at = draw.randrange(len(lines))
    value = draw.choice(["0", "-1", "9" * 400, "9" * 5000, "inf", "nan", "''", "'\\u202e'", "[]", "{}", "true", "1e400",
                         "'../x'", "[" * 3000, "1979-05-27", "'[/bold]'", '"\\u001b"', "0.5", "1"])
    how = draw.choice(["value", "value", "value", "drop", "add", "twice", "dots"])
    if how == "value":
        lines[at] = f"{lines[at].split('=')[0]}= {value}"
    elif how == "drop":
        del lines[at]
    elif how == "twice":
        lines.insert(at, lines[at])
    else:
        lines.insert(at, f"{'more' if how == 'add' else 'a' + '.a' * draw.choice([5, 2000, 7000])} = {value}")
    return f"{how} line {at}: {value[:20]}", "\n".join(lines)


def _odd_tensor(draw: random.Random, tensor: torch.Tensor) -> Any:
    numbers = tensor.clone()
    flat = numbers.view(-1) if numbers.is_contiguous() else numbers.reshape(-1)
    choices: list[Callable[[], Any]] = [
        lambda: tensor.double(), lambda: tensor.to(torch.float16), lambda: tensor.to(torch.complex64),
        lambda: torch.empty(tensor.shape, device="meta"), lambda: torch.ones(1).expand(2**33),
        lambda: tensor.double().requires_grad_(), lambda: tensor[..., :0], lambda: tensor.reshape(-1, 1),
        lambda: torch.zeros(0), lambda: tensor.flatten().repeat(3), lambda: tensor.tolist(), lambda: None,
        lambda: torch.full_like(tensor, draw.choice([-1, 0, 1, 3, 100])), lambda: tensor.bool(),
        lambda: torch.ones(3, 3).to_sparse(), lambda: torch.zeros(1 << 20, dtype=tensor.dtype)]
    if flat.numel():
        value = draw.choice([-1, 0, 1, 2, 9, 255, 2**31, 2**62] if not tensor.is_floating_point() else
                            [float("nan"), float("inf"), -1.0, 0.0, 1e-300, 1e300, 0.5])
        if tensor.dtype != torch.bool and abs(value) < 2**62:
            flat[draw.randrange(flat.numel())] = value
        choices += [lambda: flat.reshape(tensor.shape)] * 8
    return draw.choice(choices)()


def change_checkpoint(draw: random.Random, good: Path, path: Path) -> str:
    content = torch.load(good, weights_only=True)
    how = draw.choice(["tensor", "tensor", "facts", "facts", "top"])
    if how == "facts":
        what, content["facts"] = change_json(draw, json.loads(content["facts"]))
    elif how == "top":
        key = draw.choice([*content, "more"])
        value = draw.choice(ODD)
        what, content[key] = key, 0 if isinstance(value, str) and "\ud800" in value else value
    else:
        part = draw.choice(["network", "sample"])
        key = draw.choice(list(content[part]))
        what, content[part][key] = key, _odd_tensor(draw, content[part][key])
        if draw.random() < 0.1:
            content[part][draw.choice(["more", "values.0.bias"])] = content[part].pop(key)
    try:
        torch.save(content, path)
    except (RuntimeError, OverflowError, UnicodeError):  # what torch itself cannot write
        path.write_bytes(b"")
    return f"{how} {what}"


def change_graphs(draw: random.Random, good: Path, path: Path) -> str:
    content = torch.load(good, weights_only=True)
    at = draw.randrange(len(content))
    key = draw.choice([*content[at], "batch", "test_mask", "input_scale", "more"])
    old = content[at].get(key, content[at]["y"])
    content[at][key] = _odd_tensor(draw, old) if draw.random() < 0.8 else draw.choice(ODD[:-1])
    try:
        torch.save(content if draw.random() < 0.95 else draw.choice([{}, [], 3, content[0], [content]]), path)
    except (RuntimeError, OverflowError):
        path.write_bytes(b"")
    return f"graph {at}, {key}"


def change_npz(draw: random.Random, good: Path, path: Path) -> str:
    with np.load(good) as archive:
        arrays: dict[str, Any] = {key: archive[key] for key in archive.files}
    key = draw.choice([*arrays, "more"])
    old = arrays.get(key, np.arange(3))
    tensor = _odd_tensor(draw, torch.from_numpy(old))
    value = tensor.numpy() if type(tensor) is torch.Tensor and not tensor.is_meta and not tensor.requires_grad and (
        tensor.layout is torch.strided and tensor.numel() < 1 << 24) else draw.choice(
        [old.astype("U8"), old.astype("f2"), np.array(2**40), np.array("x"), old[..., :1], np.zeros((2, 0))])
    if draw.random() < 0.1:
        arrays.pop(key, None)
    else:
        arrays[key] = value
    (np.savez if draw.random() < 0.5 else np.savez_compressed)(path, **arrays)
    return key
