"""The log table: notices, and what became of orders, in sentences.

A working algo says at every slice what it is doing; that is for the Reason column. The log takes what an
order says only when its *state* changes, else one TWAP would push everything else out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject

from core.domain.events import Notice
from core.domain.numbers import plain
from core.domain.orders import Knowledge, OrderSnapshot
from gui import formats
from gui.blotter.lists import ListColumn, NewestFirst
from gui.blotter.wording import reason_of, state_of
from gui.theme import Theme

BOUND = 2_000
_LEVELS = {"info": "muted", "warning": "warn", "error": "error"}
_LEVEL_OF_TONE = {"warn": "warning", "error": "error"}


def log_model(theme: Theme, parent: QObject | None = None) -> NewestFirst[Notice]:
    """An empty log, newest on top."""
    return NewestFirst(
        [
            ListColumn("Time", 104, lambda notice: formats.time_of_day(notice.ts_us), tone=lambda _: "muted"),
            ListColumn("Level", 72, lambda notice: notice.level, tone=lambda notice: _LEVELS.get(notice.level, "muted")),
            ListColumn("What happened", 600, lambda notice: notice.sentence),
        ],
        BOUND,
        theme,
        parent,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    status: str
    knowledge: Knowledge
    flags: frozenset[str]


class OrderTeller:
    """Turns changes of orders into sentences for the log."""

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}

    def sentences(self, orders: Iterable[OrderSnapshot]) -> list[Notice]:
        """A notice for each order whose state changed in a way worth reading."""
        notices = []
        for order in orders:
            now = _Said(order.status.value, order.knowledge, order.flags)
            before = self._said.get(order.id)
            self._said[order.id] = now
            reason = reason_of(order)
            if now != before and (order.is_parent or reason):
                notices.append(Notice(order.updated_us, _level(order), _sentence(order, reason)))
        return notices


def _level(order: OrderSnapshot) -> str:
    return "warning" if order.flags else _LEVEL_OF_TONE.get(state_of(order).tone, "info")


def _sentence(order: OrderSnapshot, reason: str) -> str:
    base = order.symbol.split("/")[0]
    where = f"{order.strategy.label} " if order.is_parent and order.strategy else f"on {order.exchange} "
    what = f"{order.side.value.upper()} {plain(order.amount)} {base} {where}"
    return f"{what}– {state_of(order).words.lower()}{': ' + reason if reason else ''}"
