"""Write a checkpoint, whole or not at all."""

import io
import os
import tempfile
from pathlib import Path
from typing import Any

import torch

from ..errors import HwgenError

__all__ = ["write_checkpoint"]


def write_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Replace a file whole or not at all; the same content gives the same bytes.

    Raises
    ------
    HwgenError
        If the path cannot be written.
    """
    # Through a buffer: torch names the archive after the file, and the same model shall give the same bytes.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getbuffer())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise HwgenError(f"cannot write the checkpoint: {error.strerror}", str(path),
                         "name a file in a folder that exists and that you may write to") from error
