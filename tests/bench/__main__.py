"""Runs the benches and writes their figures to build/bench.json: `python -m tests.bench [NAME…]`."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

BENCHES = (
    "alert",
    "emails",
    "fire",
    "policy",
    "audit",
    "audit_opening",
    "engine",
    "shards",
    "restore",
    "scaling",
    "sudden",
)
REPORT = Path("build/bench.json")


def main(only: list[str]) -> int:
    unknown = set(only) - set(BENCHES)
    if unknown:
        print(f"no such bench: {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    REPORT.parent.mkdir(exist_ok=True)
    figures = json.loads(REPORT.read_text()) if only and REPORT.exists() else {}
    for name in only or BENCHES:
        began = time.perf_counter()
        print(f"== {name}")
        measured: dict[str, float] = importlib.import_module(f"tests.bench.{name}").measure()
        for key, value in measured.items():
            print(f"   {key:<44} {value:>12.3f}")
        print(f"   ({time.perf_counter() - began:.0f} s)")
        figures |= measured
    REPORT.write_text(json.dumps(dict(sorted(figures.items())), indent=2) + "\n")
    print(f"written to {REPORT}")
    return 0


sys.exit(main(sys.argv[1:]))
