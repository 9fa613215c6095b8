"""Compiles the functions on columns, and keeps what was compiled from one start to the next.

numba looks at the date of one file to tell whether what it kept is still good, and not at those of the functions that
it calls. So it is kept under the digest of all the files of this folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

_CHOSEN: Final = "NUMBA_CACHE_DIR"
HOME: Final = Path(__file__).parent
# No compiled function makes an array, so that none counts references: around a call that took half of the time.
_FOR_PYTHON: Final[dict[str, Any]] = {"no_cfunc_wrapper": True, "_nrt": False}
_FOR_KERNELS: Final[dict[str, Any]] = {
    "no_cfunc_wrapper": True,
    "no_cpython_wrapper": True,
    "forceinline": True,
    "_nrt": False,
}


def _roots() -> Iterator[Path]:
    """Where to keep it, the best place first; the package's own folder cannot be written to in an image."""
    if os.environ.get(_CHOSEN):
        yield Path(os.environ[_CHOSEN])
    yield HOME / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "passerelles"


def _folder() -> Path:
    """A folder that can be written to, begun with what was compiled beside the sources if it is new."""
    sources = b"".join(file.read_bytes() for file in sorted(HOME.glob("*.py")))
    name = f"matching-{hashlib.sha256(sources).hexdigest()[:16]}"
    shipped = HOME / "__pycache__" / name
    for root in _roots():
        folder = root / name
        try:
            if not folder.exists() and shipped.exists() and not os.environ.get(_CHOSEN):
                shutil.copytree(shipped, folder, dirs_exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="passerelles-matching-"))


numba.config.CACHE_DIR = str(_folder())  # type: ignore[attr-defined]  # made when it is imported


def kernel(function: F) -> F:
    """A function on arrays and integers that Python calls: compiled at its first call with such types, kept on disk."""
    return cast("F", numba.njit(cache=True, error_model="numpy", **_FOR_PYTHON)(function))


def part(function: F) -> F:
    """A function that only compiled ones call. It has no entry for Python, which a call from there would crash on."""
    return cast("F", numba.njit(error_model="numpy", **_FOR_KERNELS)(function))
