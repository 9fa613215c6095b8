"""PostGIS in a cluster of its own, on a socket in a folder that goes with it; asked by psql, which tells the time.

Two ways are asked in turn: on geometry, with the distance worked out in SQL, and on geography, with PostGIS's own.
"""

from __future__ import annotations

import csv
import math
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from passerelles.reference.communes import COMMUNES, ROAD_FACTOR
from schemas.facts import AvailabilityRecorded, NeedRecorded
from tests.bench.engine_sql import COLUMNS, METRES_A_DEGREE, RULES, Dialect, best, row

_BIN: Final = Path("/usr/lib/postgresql/15/bin")
_EXTENSION: Final = Path("/usr/share/postgresql/15/extension/postgis.control")
_DIALECT: Final = Dialect("/", "least", "greatest", "(strpos({column}, ',{code},') > 0)::int")
_MOST_METRES: Final = 200_000
_TIME: Final = re.compile(r"Time: ([0-9.]+) ms")
_LOAD: Final = f"""
create extension postgis; create extension btree_gist;
create table staff ({COLUMNS.format(real="float8")});
\\copy staff from 'staff.csv' with (format csv)
alter table staff add geometry geometry(Point), add geography geography(Point);
update staff set geometry = st_makepoint(lon, lat), geography = st_setsrid(st_makepoint(lon, lat), 4326);
create index by_geometry on staff using gist (occupation, geometry);
create index by_geography on staff using gist (occupation, geography);
vacuum analyze staff;
"""


class NotInstalledError(Exception):
    """What is to be compared with is not on this machine."""


class PostGis:
    """A running cluster with the availabilities in it."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self._folder = folder
        self._user = user

    def ask(self, needs: Sequence[NeedRecorded], index: str) -> tuple[list[list[tuple[int, int, int]]], list[float]]:
        """Prepare each need's question, execute all for the cache, then all again, with milliseconds."""
        script = [f"prepare ask{at} as {_question(need, index)};" for at, need in enumerate(needs)]
        script += [f"execute ask{number};" for number in range(len(needs))]
        script.append("\\timing on")
        for number in range(len(needs)):
            script += ["\\echo answer", f"execute ask{number};"]
        answers, times = [], []
        for part in self.psql("\n".join(script)).split("answer\n")[1:]:
            told = part[: part.index("Time:")].split()
            answers.append([(int(id_), int(score), int(metres)) for id_, score, metres in (r.split("|") for r in told)])
            found = _TIME.search(part)
            assert found is not None
            times.append(float(found[1]))
        return answers, times

    def psql(self, script: str) -> str:
        """Run a script, and answer what it prints."""
        command = [str(_BIN / "psql"), "-h", str(self._folder), "-d", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            command, input=script, text=True, capture_output=True, check=True, cwd=self._folder, user=self._user
        )
        return done.stdout


@contextmanager
def cluster(staff: Sequence[AvailabilityRecorded]) -> Iterator[PostGis]:
    """Start a cluster, as somebody who is not root, and load it.

    Raises:
        NotInstalledError: PostgreSQL 15 or PostGIS is missing.
    """
    if not (_BIN / "postgres").exists() or not _EXTENSION.exists():
        raise NotInstalledError("needs the packages postgresql-15 and postgresql-15-postgis-3")
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="bench-postgis-"))
    control = [str(_BIN / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    settings = f"-k {folder} -c listen_addresses= -c shared_buffers=512MB -c fsync=off -c jit=off"
    try:
        with (folder / "staff.csv").open("w", newline="") as file:
            csv.writer(file).writerows(map(row, staff))
        if user is not None:
            owner = pwd.getpwnam(user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            (folder / "staff.csv").chmod(0o644)

        def quietly(*command: str) -> None:
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

        quietly(str(_BIN / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres")
        quietly(*control, "-l", str(folder / "log"), "-o", settings, "start")
        try:
            running = PostGis(folder, user)
            running.psql(_LOAD)
            yield running
        finally:
            quietly(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _question(need: NeedRecorded, index: str) -> str:
    place, text = COMMUNES[need.commune], best(need, _source(need, index), _DIALECT)
    if index == "geography":
        point = f"st_setsrid(st_makepoint({place.lon!r}, {place.lat!r}), 4326)::geography"
        start, end = text.index("cast(floor("), text.index(" as metres")
        text = f"{text[:start]}floor({ROAD_FACTOR} * st_distance(geography, {point}, false) + 0.5)::int{text[end:]}"
    return text


def _source(need: NeedRecorded, index: str) -> str:
    place = COMMUNES[need.commune]
    point = f"st_makepoint({place.lon!r}, {place.lat!r})"
    ways = ", ".join(f"('{way.person}', {way.points})" for way in RULES.ways(need.occupation).values())
    if index == "geography":
        far = f"st_setsrid({point}, 4326)::geography, {_MOST_METRES / ROAD_FACTOR!r}, false"
        within = f"st_dwithin(s.geography, {far})"
    else:
        high = _MOST_METRES / ROAD_FACTOR / METRES_A_DEGREE
        wide = high / math.cos(math.radians(place.lat + high))
        within = f"s.geometry && st_expand({point}, {wide!r}, {high!r})"
    return f"(values {ways}) w(person, points) join staff s on s.occupation = w.person and {within}"
