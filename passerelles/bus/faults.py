"""How an unforeseen error is told without its message, which may quote the data that it tripped over."""

from __future__ import annotations

import traceback


def fault(error: BaseException) -> str:
    """The error's type and the line of code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    file = "/".join(last.filename.replace("\\", "/").split("/")[-3:])
    return f"{type(error).__name__} at {file}:{last.lineno} in {last.name}"
