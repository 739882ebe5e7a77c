"""Change a file that a person wrote, and nothing of it but its text."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .files import sync_directory

_BOM = "\ufeff"


def rewrite(path: Path, text: str) -> None:
    """Give a file another text in one step: after a crash it holds the old one or the new one, never a part.

    Its mode stays, a link stays a link, and a byte order mark stays; line ends are those of the text.
    """
    path = Path(os.path.realpath(path))
    with path.open("rb") as old:
        marked = old.read(3) == _BOM.encode()
        mode = stat.S_IMODE(os.fstat(old.fileno()).st_mode)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            os.chmod(file.fileno(), mode)  # noqa: PTH101
            file.write((_BOM if marked else "") + text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
