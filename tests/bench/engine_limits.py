"""What the engine stands on, measured beside it: how fast one core reads memory, and what numba weighs and costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import files
from typing import Final

import numpy as np

_READ_MB: Final = 256
_CODE: Final = """
import json, time
from pathlib import Path
import services.matching.shard

def resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1e3

memory = resident()
began = time.process_time()
from services.matching.warming import warm_up
warm_up()
seconds = time.process_time() - began
print(json.dumps([seconds, resident() - memory]))
"""
"""What a process that matches has more than one that does not: seconds of processor, and megabytes."""


def limits() -> dict[str, float]:
    """Bandwidth of one core; disk, first compile, start from disk, and memory of a process, of numba."""
    figures = {"engine.limit.read_gb_per_s": read_gb_per_s()}
    weights = {name: sum(_size(name)) / 1e6 for name in ("numba", "llvmlite")}
    figures["engine.numba.install_mb"] = sum(weights.values())
    with tempfile.TemporaryDirectory() as folder:
        first, _ = _started(folder)
        cached, megabytes = min(_started(folder) for _ in range(3))
    figures["engine.numba.first_compile_s"] = first
    figures["engine.numba.cached_start_s"] = cached
    figures["engine.numba.cached_start_limit_s"] = 0.3
    figures["engine.numba.process_mb"] = megabytes
    return figures


def read_gb_per_s() -> float:
    """Reading memory from one end to the other, as a search does within a bucket; the best of a few."""
    block = np.ones(_READ_MB << 17, dtype=np.int64)
    best = 0.0
    for _ in range(5):
        began = time.thread_time()
        block.sum()
        best = max(best, block.nbytes / (time.thread_time() - began) / 1e9)
    return best


def _size(package: str) -> list[int]:
    return [each.locate().stat().st_size for each in files(package) or () if each.locate().exists()]  # type: ignore[attr-defined]


def _started(folder: str) -> tuple[float, float]:
    environment = os.environ | {"NUMBA_CACHE_DIR": folder}
    done = subprocess.run([sys.executable, "-c", _CODE], env=environment, check=True, capture_output=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes
