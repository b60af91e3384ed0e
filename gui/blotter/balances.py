"""Balances and positions of every account, as the venues last said. Asked for again while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.desk.holdings import Holding, HoldingKind
from core.domain.numbers import plain
from gui import formats
from gui.blotter.lists import ListColumn, UpToDate
from gui.blotter.watched import WatchedTable
from gui.theme import Theme

if TYPE_CHECKING:
    from core.desk.desk import Desk

_DECIMALS = 8


def balances_model(theme: Theme, parent: QObject | None = None) -> UpToDate[Holding]:
    """An empty table of balances and positions."""
    return UpToDate(
        [
            ListColumn("Venue", 130, lambda one: one.venue),
            ListColumn("Kind", 80, lambda one: one.kind.value, tone=lambda _: "muted"),
            ListColumn("Name", 110, lambda one: one.name),
            ListColumn("Total", 160, _signed, number=True, tone=_tone, raw=lambda one: plain(one.total)),
            ListColumn("Free", 160, _free, number=True, raw=lambda one: plain(one.free) if one.free is not None else ""),
            ListColumn("In orders", 160, _held, number=True, tone=lambda _: "muted"),
            ListColumn("As of", 104, lambda one: formats.time_of_day(one.asked_us), tone=lambda _: "muted"),
        ],
        lambda one: (one.venue, one.kind, one.name),
        theme,
        parent,
    )


def balances_table(desk: Desk, theme: Theme) -> WatchedTable[Holding]:
    """What the accounts of `desk` hold; they are asked while it is looked at."""

    def read() -> list[Holding]:
        desk.ask_holdings()
        return desk.holdings()

    return WatchedTable(balances_model(theme), read, "No venue has told what it holds for you yet.")


def _signed(one: Holding) -> str:
    text = formats.fixed(one.total, _DECIMALS)
    return f"+{text}" if one.kind is HoldingKind.POSITION and one.total > 0 else text


def _tone(one: Holding) -> str:
    if one.kind is HoldingKind.BALANCE:
        return ""
    return "buy" if one.total > 0 else "sell"


def _free(one: Holding) -> str:
    return formats.fixed(one.free, _DECIMALS) if one.free is not None else ""


def _held(one: Holding) -> str:
    held = one.total - one.free if one.free is not None else None
    return formats.fixed(held, _DECIMALS) if held else ""
