"""The journal's tables, and how a file of an older version becomes one of this version.

Steps are never edited, only added: somewhere a file of every version exists. All steps of a file are one
transaction, so an interrupted one leaves the file as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from types import MappingProxyType

import orjson

SCHEMA_VERSION = 2

# `seq` is given by the writer, so a commit that failed half-way can be tried again: what is there already is ignored.
_TABLES = (
    """
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        ts_us INTEGER NOT NULL,
        parent_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX entries_by_parent ON entries (parent_id, seq)",
    "CREATE INDEX children ON entries (order_id) WHERE kind = 'intent'",
    """
    CREATE TABLE parents (
        parent_id TEXT PRIMARY KEY,
        created_us INTEGER NOT NULL,
        over INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX parents_by_age ON parents (over, created_us)",
)

_TERMINAL_IN_1 = frozenset({"filled", "completed", "cancelled", "rejected", "failed"})


def create(db: sqlite3.Connection) -> None:
    """The tables of the present version, in an empty file."""
    for statement in _TABLES:
        db.execute(statement)


def _from_1(db: sqlite3.Connection) -> None:
    """Version 1 had one table, whose entries did not say which parent they belong to, and states without their details."""
    db.execute("ALTER TABLE entries RENAME TO entries_1")
    db.execute("DROP INDEX entries_by_order")
    create(db)
    parent_of: dict[str, str] = {}
    for seq, ts_us, order_id, kind, body in db.execute("SELECT seq, ts_us, order_id, kind, body FROM entries_1 ORDER BY seq"):
        if kind == "intent":
            parent_of[order_id] = orjson.loads(body)["parent"]
        elif kind == "parent":
            db.execute("INSERT INTO parents (parent_id, created_us) VALUES (?, ?)", (order_id, ts_us))
        elif kind in ("created", "updated", "flagged"):
            kind = "state"
            if order_id not in parent_of and orjson.loads(body)["status"] in _TERMINAL_IN_1:
                db.execute("UPDATE parents SET over = 1 WHERE parent_id = ?", (order_id,))
        row = (seq, ts_us, parent_of.get(order_id, order_id), order_id, kind, body)
        db.execute("INSERT INTO entries (seq, ts_us, parent_id, order_id, kind, body) VALUES (?, ?, ?, ?, ?, ?)", row)
    db.execute("DROP TABLE entries_1")


# Version of the file -> the step to the next one.
_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = MappingProxyType({1: _from_1})


def bring_up(db: sqlite3.Connection, version: int) -> None:
    """From `version` (0: an empty file) to the present one, in the caller's transaction."""
    if version == 0:
        create(db)
    else:
        for step in range(version, SCHEMA_VERSION):
            _STEPS[step](db)
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
