"""Conditions, orders and indexes of the port, as SQL over JSON text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from passerelles.store.fields import steps
from passerelles.store.port import Order, Scalar, Where
from passerelles.store.sqlite_writes import Kinds


def expression(field: str) -> str:
    """The SQL of a field. An index on it serves only queries that spell it in the same way."""
    path = "".join(f'."{step}"' for step in steps(field))
    return f"json_extract(body, '${path}')"


def schema(table: str, indexes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The statements that make a collection and its indexes, for one connection; made again, they change nothing."""
    statements = [f'CREATE TABLE IF NOT EXISTS "{table}" (id TEXT PRIMARY KEY, revision INTEGER, body TEXT)']
    statements += Kinds(table).triggers
    for fields in indexes:
        # The identifier closes each index, because it closes each order.
        columns = ", ".join([*map(expression, fields), "id"])
        statements.append(f'CREATE INDEX IF NOT EXISTS "{table}:{"+".join(fields)}" ON "{table}" ({columns})')
    return tuple(statements)


def condition(
    where: Where, order: Order | None = None, after: tuple[Scalar | None, str] | None = None
) -> tuple[str, list[Scalar]]:
    """A `WHERE` clause (or nothing) and its parameters."""
    clauses: list[str] = []
    values: list[Scalar] = []
    for field, value in where.equal.items():
        if value is None:
            clauses.append(f"{expression(field)} IS NULL")
        else:
            clauses.append(f"{expression(field)} = ?")
            values.append(value)
    for field, accepted in where.among.items():
        clauses.append(f"{expression(field)} IN (SELECT value FROM json_each(?))")  # noqa: S608 - a checked name
        values.append(json.dumps(list(accepted), allow_nan=False))
    for bounds, operator in ((where.at_most, "<="), (where.above, ">")):
        for field, value in bounds.items():
            clauses.append(f"{expression(field)} {operator} ?")
            values.append(value)
    if after is not None:
        clause, bound = _beyond(order, after)
        clauses.append(clause)
        values.extend(bound)
    return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), values


def ordering(order: Order | None) -> str:
    """An `ORDER BY` clause. SQLite puts nulls first when ascending and last when descending, as the port does."""
    if order is None:
        return " ORDER BY id"
    direction = " DESC" if order.descending else ""
    return f" ORDER BY {expression(order.by)}{direction}, id{direction}"


def _beyond(order: Order | None, after: tuple[Scalar | None, str]) -> tuple[str, list[Scalar]]:
    value, id_ = after
    if order is None:
        return "id > ?", [id_]
    field = expression(order.by)
    if not order.descending:
        if value is None:
            return f"({field} IS NOT NULL OR id > ?)", [id_]
        return f"({field}, id) > (?, ?)", [value, id_]
    if value is None:
        return f"({field} IS NULL AND id < ?)", [id_]
    return f"({field} IS NULL OR ({field}, id) < (?, ?))", [value, id_]
