"""A secret that can be recognised is stored, signs, and fails in every way; afterwards nobody but the exchange has seen it."""

from __future__ import annotations

import asyncio
import base64
import logging
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from core.desk.accounts import check_account
from core.desk.desk import Desk, open_desk
from core.desk.keys import open_keys
from core.desk.settings import Settings
from core.domain.credentials import Credentials
from core.domain.enums import OrderSide
from core.domain.errors import FathomError
from core.exchanges.connector import ExchangeConnector, NewOrder
from tests.core.desk.emulated import emulated
from tests.core.desk.exchanges import said
from tests.core.desk.test_modes import SYMBOL, live_books
from tests.core.desk.waiting import until
from tests.emulator import Call, Emulator, WireFault, WireFaults, binance_params, bybit_account, bybit_gate, wire

KEY, SECRET, PASSPHRASE, WRONG = "CANARYkey5678901234", "CANARYsecret", "CANARYpassphrase", "CANARYwrongsecret"
CANARIES = ("CANARYkey", SECRET, PASSPHRASE, WRONG)
TAKEN = ("binance_spot", "binance_perp")
VENUES = (*TAKEN, "bybit_spot")
FAULTS = (WireFault.CLOSED_AFTER, WireFault.CUT, WireFault.HTML_200, WireFault.HTTP_403, WireFault.HTTP_500)


class Everything(logging.Handler):
    """Every log record in every form that a handler could give it: message, arguments, traceback with its locals, extras."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts += [self.format(record), repr(record.args), repr(vars(record))]
        if record.exc_info and record.exc_info[1] is not None:
            self.texts += forms_of(record.exc_info[1])
        if isinstance(detail := getattr(record, "detail", None), BaseException):
            self.texts += forms_of(detail)


def forms_of(error: BaseException) -> list[str]:
    """What an error can be made to say, with everything it is chained to."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts = [str(error), repr(error), "".join(told.format())]
    if isinstance(error, FathomError):
        texts += [repr(error.detail), str(error.detail)]
        if isinstance(error.detail, BaseException):
            texts += forms_of(error.detail)
    return texts


@pytest.fixture
def logged() -> Iterator[Everything]:
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


def found_in(texts: list[str]) -> list[str]:
    """Those that sing, cut short."""
    return [text[max(text.find(canary) - 200, 0) : text.find(canary) + 40] for text in texts for canary in CANARIES if canary in text]


def found_under(*directories: Path) -> list[Path]:
    """Files in which a canary sits, plain, as wide characters or in base 64."""
    spellings = [
        spelt for canary in CANARIES for spelt in (canary.encode(), canary.encode("utf-16-le"), base64.b64encode(canary.encode())[:-4])
    ]
    files = [path for directory in directories for path in directory.rglob("*") if path.is_file()]
    return [path for path in files if any(spelt in path.read_bytes() for spelt in spellings)]


async def trade_through_everything(desk: Desk, emulator: Emulator) -> list[str]:
    """Every kind of request fails in every way, sent by the desk and sent by hand; what the caller was told."""
    told: list[str] = []
    for number, fault in enumerate(FAULTS):
        for venue in TAKEN:
            emulator.venues[venue].faults.next(Call.CREATE, fault)
        order = await desk.engine.execute_order(SYMBOL, "buy", "0.5", "limit", str(90 + number), "split_evenly", exchanges=TAKEN)
        await until(lambda order=order: len(order.children) == len(TAKEN))  # type: ignore[misc]  # mypy can't infer a default argument's type
        by_hand = (fail_by_hand(desk.connectors[venue], emulator.venues[venue].faults, fault, f"fcanary{number:011}") for venue in TAKEN)
        told += [text for texts in await asyncio.gather(*by_hand) for text in texts]
        told += [repr(order), str(order.reason), repr(order.snapshot()), *(repr(child.snapshot()) for child in order.children)]
    return told


async def fail_by_hand(connector: ExchangeConnector, faults: WireFaults, fault: WireFault, client_id: str) -> list[str]:
    """One request of each kind, past the engine."""
    order, price, amount = NewOrder(client_id, SYMBOL, OrderSide.BUY, Decimal(1), Decimal(89)), Decimal(88), Decimal(2)
    works = (
        (Call.CREATE, lambda: connector.create_order(order)),
        (Call.AMEND, lambda: connector.amend_order(SYMBOL, client_id, price=price, amount=amount)),
        (Call.QUERY, lambda: connector.find_order(SYMBOL, client_id)),
        (Call.QUERY, lambda: connector.open_orders(SYMBOL)),
        (Call.QUERY, lambda: connector.fills_of(SYMBOL, client_id)),
        (Call.QUERY, connector.balances),
        (Call.QUERY, connector.positions),
        (Call.SETTING, lambda: connector.set_leverage(SYMBOL, 3)),
        (Call.CANCEL, lambda: connector.cancel_order(SYMBOL, client_id)),
    )
    told = []
    for call, work in works:
        faults.next(call, fault)
        try:
            await work()
        except FathomError as error:
            told += forms_of(error)
    return told


async def test_nobody_but_the_exchange_ever_sees_a_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path, logged: Everything, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in (wire, binance_params, bybit_gate, bybit_account):
        monkeypatch.setattr(module, "KEY", KEY)
    monkeypatch.setattr(wire, "SECRET", SECRET)
    good, wrong = Credentials("binance", "main", KEY, SECRET, PASSPHRASE), Credentials("bybit", "main", KEY, WRONG)
    async with emulated(monkeypatch) as (emulator, _):
        keys = open_keys("live")
        await keys.save(good)
        await keys.save(wrong)
        texts = [repr(await check_account(each, "live")) for each in (good, wrong)]
        async with open_desk(Settings(mode="live", live_confirmed=True, venues=VENUES, profile=tmp_path)) as desk:
            await live_books(desk, *TAKEN)
            assert not desk.venue_health(SYMBOL)[2].connected  # Bybit does not take its signature
            texts += await trade_through_everything(desk, emulator)
            assert len(texts) > 100  # so many were told: the faults were met
            texts += [repr(desk.venue_health(SYMBOL)), repr(desk.connectors), repr(vars(desk)), *said(desk)]
            texts += [repr(entry) for entry in desk.journal.entries()]
            assert found_under(tmp_path, home) == []  # while the journal is open: its log is a file of its own
        texts += [repr(keys), repr(vars(keys)), keys.explanation, repr(await keys.load("binance"))]
        assert any(request.signed for request in emulator.requests)
    out, err = capfd.readouterr()
    assert found_in([*texts, *logged.texts, out, err]) == []
    assert found_under(tmp_path, home) == []


def test_the_hunt_finds_a_canary_that_sings(tmp_path: Path, logged: Everything) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\0" + SECRET.encode("utf-16-le"))
    assert found_under(tmp_path) == [tmp_path / "deep" / "file"]
    assert found_in(forms_of(FathomError("harmless", detail=ValueError(SECRET))))
    logging.getLogger("somebody").warning("failed", extra={"detail": {"secret": SECRET}})
    assert found_in(logged.texts)
