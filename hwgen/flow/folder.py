"""Build folders: complete or absent, and what did not change keeps its time stamp."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ..errors import HwgenError
from ..scratch import replace_folder, scratch_folder, write_whole

__all__ = ["BuildFolder", "check_name", "to_json", "write_files", "write_folder", "write_if_changed"]


def to_json(value: object) -> str:
    """Deterministic JSON: sorted keys, two spaces, a newline at the end; NaN is refused."""
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_if_changed(path: Path, content: str | bytes) -> bool:
    """Write ``content`` unless the file holds it already; the file is replaced at once, never half written.

    Returns
    -------
    bool
        Whether the file was written.
    """
    wanted = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == wanted:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, wanted)
    return True


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write what has changed of some files, named relative to the folder."""
    for name, content in files.items():
        write_if_changed(folder / name, content)


def check_name(name: str) -> None:
    """Refuse what is no plain name of a folder: a file or an option shall lead nowhere else.

    Raises
    ------
    HwgenError
    """
    plain = Path(name).name == name and name.isprintable() and len(name) <= 100
    if not name or name.startswith(".") or not plain:
        raise HwgenError(f"{name[:200]!r} is no plain name", "name of a folder of runs",
                         "use --name with letters, digits, - and _")


def write_folder(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write a folder whole or not at all; a folder of that name is replaced, with all that is in it."""
    try:
        folder.parent.mkdir(exist_ok=True)
        with scratch_folder(folder.parent, folder.name) as fresh:
            fresh.chmod(0o755)
            write_files(fresh, files)
            replace_folder(fresh, folder)
    except OSError as error:
        raise HwgenError(f"cannot write there: {error.strerror}", str(folder.parent),
                         "choose a build folder that you may write to") from None
    return folder


class BuildFolder:
    """Context manager: a temporary sibling that becomes ``target`` when the block ends without an exception.

    ``with BuildFolder(target) as folder: folder.write("design.v", text)``; files may also be made directly below
    ``folder.path``. A file whose bytes equal those in the old target keeps its time stamp. Files that the new
    build lacks are gone afterwards. After an exception the old target is untouched and the sibling is removed.

    Parameters
    ----------
    target : Path
        The build folder. A folder that is no build (it has files, but no ``manifest.json``) is refused.

    Raises
    ------
    HwgenError
        On entry: the target cannot be written, or holds something else.
    """

    def __init__(self, target: Path) -> None:
        self.target = Path(target).absolute()
        self.path = self.target
        self._made: list[Path] = []
        self._own = contextlib.ExitStack()

    def __enter__(self) -> "BuildFolder":
        target = self.target
        if target.exists() and not target.is_dir():
            raise HwgenError(f"{target.name} is a file", str(target), "name another output folder")
        if target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file():
            raise HwgenError("the output folder holds files that are no build", str(target),
                             "name an empty or a new output folder")
        self._made = [folder for folder in target.parents if not folder.exists()]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path = self._own.enter_context(scratch_folder(target.parent, target.name))
            self.path.chmod(0o755)
        except OSError as error:
            raise HwgenError(f"cannot write there: {error.strerror}", str(target),
                             "choose a folder that you may write to") from error
        return self

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one file, ``name`` relative to the folder."""
        path = self.path / name
        write_if_changed(path, content)
        return path

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._keep_time_stamps()
                replace_folder(self.path, self.target)
        finally:
            self._own.close()
            for folder in self._made if kind is not None else ():  # parents that this build would have needed
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _keep_time_stamps(self) -> None:
        for new in self.path.rglob("*"):
            old = self.target / new.relative_to(self.path)
            if new.is_file() and old.is_file() and new.read_bytes() == old.read_bytes():
                stamp = old.stat()
                os.utime(new, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
