"""Memory for a copy of a shard, got ready ahead: the first touch of a page takes ten times as long as its copy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALIGNED = 8


class Room:
    """So many bytes, touched; made in a thread, as this takes milliseconds and lets others run.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self._bytes = np.empty(size, dtype=np.uint8)
        self._bytes.fill(0)
        self._used = 0

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """A copy that lies here; where there is no room left, one that lies elsewhere."""
        begin = self._used
        end = begin + array.nbytes
        if end > self._bytes.size or not array.nbytes:
            return array.copy()
        self._used = end + -end % _ALIGNED
        copied = self._bytes[begin:end].view(array.dtype).reshape(array.shape)
        copied[...] = array
        return copied
