"""How an archived word differs from the one that the fold gives: where, in which fields, and both of them whole."""

from __future__ import annotations

import json
from typing import Any

from passerelles.bus.codec import Record
from services.audit.archive.manifest import Segment
from services.audit.archive.segment import Filed
from services.audit.verify.findings import Fault, Finding


def difference(segment: Segment, row: Filed, waiting: Record | None) -> Finding:
    """The finding of a record that is not the word that matching had to say (none: it had nothing to say)."""
    names = dict(row.record.headers)
    event = (names.get("ce_id") or b"?").decode(errors="replace")
    expected = "rien" if waiting is None else _told(waiting)
    fields = [] if waiting is None else _different(_fields(waiting), _fields(row.record))
    return Finding(
        Fault.FOLD_DIFFERS,
        f"{segment.topic}/{segment.partition} époque {segment.epoch}, position {row.offset}, événement {event}",
        "\n".join([*fields, f"attendu : {expected}", f"trouvé : {_told(row.record)}"]),
    )


def _fields(record: Record) -> dict[str, Any]:
    """What a record says, by the name of each header and of each field of its payload."""
    fields: dict[str, Any] = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    try:
        fields |= json.loads(record.value or b"{}")
    except (ValueError, TypeError):
        fields["value"] = repr(record.value)
    return fields


def _different(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """A line for each field that differs, when it is the same word otherwise."""
    if expected.get("ce_id") != found.get("ce_id"):
        return []
    names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    return [f"{name} : {_json(expected.get(name))} attendu, {_json(found.get(name))} trouvé" for name in names]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _told(record: Record) -> str:
    names = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    value = (record.value or b"").decode(errors="replace")
    return f"{names.get('ce_type', '?')} {names.get('ce_id', '?')} du {names.get('ce_time', '?')} {value}"
