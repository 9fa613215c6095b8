"""What the engine stands on, measured beside it: how fast one core reads memory, and what numba weighs and costs."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import files
from typing import Final

import numpy as np

_READ_MB: Final = 256
_START: Final = "from services.matching.warming import warm_up; warm_up()"
_WITHOUT: Final = "import services.stack"


def limits() -> dict[str, float]:
    """Bandwidth of one core; disk, first compile, start from disk, and memory of a process, of numba."""
    figures = {"engine.limit.read_gb_per_s": read_gb_per_s()}
    weights = {name: sum(_size(name)) / 1e6 for name in ("numba", "llvmlite")}
    figures["engine.numba.install_mb"] = sum(weights.values())
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        first, _ = _process(_START, environment)
        runs = [_process(_START, environment) for _ in range(3)]
        bare = [_process(_WITHOUT, environment) for _ in range(3)]
    cached, cached_mb = min(runs)
    without, without_mb = min(bare)
    figures["engine.numba.first_compile_s"] = first - without
    figures["engine.numba.cached_start_s"] = cached - without
    figures["engine.numba.cached_start_limit_s"] = 0.3
    figures["engine.numba.process_mb"] = cached_mb - without_mb
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


def _process(code: str, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of processor and megabytes at most of a process that runs this."""
    own = f"{code}\nimport resource, sys; sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", own], env=environment, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(done.stdout) / 1e3
