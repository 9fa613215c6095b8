"""PostGIS in a cluster of its own, on a socket in a folder that goes with it; asked by psql, which tells the time.

One prepared statement serves every need, on geometry, with the distance worked out in SQL, or on geography, with
PostGIS's own. PostgreSQL plans it for each need at first, then, after five, once for all: that is what a prepared
statement is, and by its estimates. It can be told to plan anew for each need, which is measured as well.
"""

from __future__ import annotations

import csv
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from passerelles.reference.communes import COMMUNES, EARTH_RADIUS_METRES, ROAD_FACTOR
from passerelles.reference.rulebook import RULEBOOK
from schemas.facts import AvailabilityRecorded, NeedRecorded
from tests.bench.engine_sql import COLUMNS, METRES_A_DEGREE, MODES, RULES, row

_BIN: Final = Path("/usr/lib/postgresql/15/bin")
_EXTENSION: Final = Path("/usr/share/postgresql/15/extension/postgis.control")
_MOST_METRES: Final = 200_000
_TIME: Final = re.compile(r"Time: ([0-9.]+) ms")
_HIGH: Final = repr(_MOST_METRES / ROAD_FACTOR / METRES_A_DEGREE)
_POINT: Final = "st_setsrid(st_makepoint($4, $3), 4326)::geography"
_PLACE: Final = {
    "geometry": {
        "within": f"s.geometry && st_expand(st_makepoint($4, $3), {_HIGH} / cos(radians($3 + {_HIGH})), {_HIGH})",
        "metres": f"{ROAD_FACTOR * 2 * EARTH_RADIUS_METRES!r} * asin(least(1.0, sqrt("
        "sin((radians(lat) - radians($3)) / 2) ^ 2"
        " + cos(radians($3)) * cos(radians(lat)) * sin(radians(lon - $4) / 2) ^ 2)))",
    },
    "geography": {
        "within": f"st_dwithin(s.geography, {_POINT}, {_MOST_METRES / ROAD_FACTOR!r}, false)",
        "metres": f"{ROAD_FACTOR!r} * st_distance(geography, {_POINT}, false)",
    },
}
_PREPARED: Final = (
    """
prepare ask (text[], int[], float8, float8, int, int, int, text[], text[], text, int, int, int) as
select id, score, metres from (
  select id, metres, points + (40 * (reach - metres) + reach) / (2 * reach) + (30 * days + $7) / (2 * $7)
    + case when cardinality($8) = 0 then 20 else (40 * held + cardinality($8)) / (2 * cardinality($8)) end
    + case when $12 is null or pay is null or pay <= $12 then 5 when left_over <= 0 then 0
      else (10 * left_over + TOLERANCE * $12) / (2 * TOLERANCE * $12) end as score
  from (
    select *, least(last, coalesce($6, begins + OPEN_DAYS - 1)) - begins + 1 as days,
      TOLERANCE * $12 - 100 * (pay - $12) as left_over,
      (select count(*) from unnest($8) code where strpos(skills, ',' || code || ',') > 0)::int as held
    from (
      select s.*, points, greatest(first, $5) as begins, floor({metres} + 0.5)::int as metres
      from unnest($1, $2) w (person, points) join staff s on s.occupation = w.person and {within}
      where siren <> $10 and (modes & $11) <> 0
    ) near
    where metres <= reach
      and not exists (select from unnest($9) code where strpos(certificates, ',' || code || ',') = 0)
  ) fit
  where days >= 1 and days >= least(LEAST_DAYS, $7)
) scored
order by score desc, metres, id limit $13;
""".replace("TOLERANCE", str(RULEBOOK.pay_tolerance_percent))
    .replace("OPEN_DAYS", str(RULEBOOK.open_need_days))
    .replace("LEAST_DAYS", "5")
)
"""The rules, for any need: occupations that lead to it with their points, place, days, tags, company, mode, pay."""

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

    def ask(
        self, needs: Sequence[NeedRecorded], index: str, plans: str
    ) -> tuple[list[list[tuple[int, int, int]]], list[float]]:
        """Prepare the question once, ask it for each need for the cache, then for each again, with milliseconds.

        Args:
            index: `geometry` or `geography`.
            plans: PostgreSQL's `plan_cache_mode`.
        """
        asked = [f"execute ask ({_values(need)});" for need in needs]
        script = [f"set plan_cache_mode = {plans};", _PREPARED.format(**_PLACE[index]), *asked, "\\timing on"]
        for each in asked:
            script += ["\\echo answer", each]
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


def _values(need: NeedRecorded) -> str:
    """A need as the parameters of the question."""
    place, ways = COMMUNES[need.commune], RULES.ways(need.occupation).values()
    days = (need.end - need.start).days + 1 if need.end else None
    values = (
        _array((f"'{way.person}'" for way in ways), "text"),
        _array((str(way.points) for way in ways), "int"),
        repr(place.lat),
        repr(place.lon),
        str(need.start.toordinal()),
        str(need.end.toordinal()) if need.end else "null",
        str(days or RULEBOOK.open_need_days),
        _array((f"'{code}'" for code in dict.fromkeys(need.skills)), "text"),
        _array((f"'{code}'" for code in dict.fromkeys(need.certificates)), "text"),
        f"'{need.siren}'",
        str(MODES[need.mode]),
        str(need.monthly_gross_max or "null"),
        str(RULEBOOK.kept(need.headcount_left)),
    )
    return ", ".join(values)


def _array(items: Iterable[str], type_: str) -> str:
    return f"array[{', '.join(items)}]::{type_}[]"
