"""An exchange changes what a contract is worth: an order of 1 BTC must never become one of 10."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.domain.clock import MICROSECONDS
from core.domain.credentials import Credentials
from core.domain.errors import VenueRefused, VenueUnavailable
from core.domain.market import BookState
from core.exchanges.ccxt.market_list import TRUSTED_US, MarketList
from tests.core.exchanges.ccxt.live import SYMBOL, live
from tests.core.exchanges.ccxt.offline import Offline, offline, order_of, perp_of
from tests.emulator import KEY, SECRET

ACCEPTED = {"code": "0", "data": [{"ordId": "312269865356374016", "clOrdId": "f00000000000000001", "sCode": "0", "sMsg": ""}]}
FLAT: Mapping[str, Any] = {"code": "0", "data": []}


def taking(desk: Offline) -> Offline:
    desk.answers |= {"trade/batch-orders": ACCEPTED, "trade/order": ACCEPTED, "trade/amend-order": ACCEPTED, "account/positions": FLAT}
    return desk


def orders(desk: Offline) -> list[dict[str, Any]]:
    return [*desk.sent("trade/batch-orders"), *desk.sent("trade/order"), *desk.sent("trade/amend-order")]


async def test_base_goes_out_in_the_contracts_that_the_list_says() -> None:
    async with offline("okx_perp") as desk:
        await taking(desk).trading.create_order(order_of())
        assert [order["sz"] for order in orders(desk)] == ["100"]


@pytest.mark.parametrize("changed", [{"contract": 0.1}, {"tick": 0.01}, {"lot": 0.1}, {"contract": 0.1, "lot": 0.1}])
async def test_nothing_is_sent_under_rules_that_were_changed_meanwhile(changed: dict[str, float]) -> None:
    async with offline("okx_perp") as desk:
        taking(desk).clients.renew(perp_of(**changed))  # type: ignore[arg-type]  # the names are its own
        with pytest.raises(VenueRefused, match=r"^okx_perp has changed the rules of BTC/USDT .* it can be traded again after a restart\.$"):
            await desk.trading.create_order(order_of())
        assert not orders(desk)
        assert desk.trading.memory.get("f00000000000000001") is None


async def test_rules_that_change_while_the_margin_mode_is_asked_are_noticed() -> None:
    async with offline("okx_perp") as desk:
        fetch = taking(desk).client.fetch

        async def fetch_and_renew(*request: Any) -> Any:
            desk.clients.renew(perp_of(contract=0.1))
            return await fetch(*request)

        desk.client.fetch = fetch_and_renew
        with pytest.raises(VenueRefused, match="has changed the rules"):
            await desk.trading.create_order(order_of())
        assert not orders(desk)


async def test_a_resting_order_is_not_changed_under_new_rules_either() -> None:
    async with offline("okx_perp") as desk:
        await taking(desk).trading.create_order(order_of())
        desk.clients.renew(perp_of(contract=0.1))
        with pytest.raises(VenueRefused, match="has changed the rules"):
            await desk.trading.amend_order(SYMBOL, "f00000000000000001", price=Decimal(60001), amount=Decimal(1))
        assert len(orders(desk)) == 1


async def test_what_is_not_listed_any_more_is_refused_in_words() -> None:
    async with offline("okx_perp") as desk:
        taking(desk).clients.renew(replace(perp_of(), markets=perp_of().markets[:1]))
        with pytest.raises(VenueRefused, match="does not list BTC/USDT any more"):
            await desk.trading.create_order(order_of())


async def test_a_position_is_counted_in_todays_contracts() -> None:
    async with offline("okx_perp") as desk:
        held = {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "mgnMode": "cross", "pos": "5", "posSide": "net", "avgPx": "60000"}
        desk.answers["account/positions"] = {"code": "0", "data": [held]}
        assert await desk.trading.positions() == {SYMBOL: Decimal("0.05")}
        desk.clients.renew(perp_of(contract=0.1))
        assert await desk.trading.positions() == {SYMBOL: Decimal("0.5")}


async def test_contracts_of_an_old_list_are_not_sent_until_a_new_one_has_come() -> None:
    async with offline("okx_perp") as desk:
        taking(desk)
        await desk.clock.advance(TRUSTED_US / MICROSECONDS + 1)
        with pytest.raises(VenueUnavailable, match="has not said for more than a day what its contracts are worth"):
            await desk.trading.create_order(order_of())
        assert not orders(desk)
        desk.clients.renew(perp_of())
        await desk.trading.create_order(order_of())
        assert len(orders(desk)) == 1


async def test_where_every_contract_is_one_coin_an_old_list_will_do() -> None:
    async with offline("okx_perp", perp_of(contract=1, lot=0.01)) as desk:
        await taking(desk).clock.advance(TRUSTED_US / MICROSECONDS + 1)
        await desk.trading.create_order(order_of())
        assert len(orders(desk)) == 1


async def test_the_trader_sees_a_book_that_says_why_it_is_gone_and_the_watchdog_does_not_bring_it_back() -> None:
    async with live("bybit_perp", credentials=Credentials("bybit", "test", KEY, SECRET)) as watched:
        clients = watched.connector._clients
        changed = _tenfold(clients.markets)
        await clients._spread(changed)
        for listener in clients._listeners:
            listener(changed)
        view = watched.view()
        assert view.state is BookState.GAP
        assert "has changed the rules of BTC/USDT" in view.note
        with pytest.raises(VenueRefused, match="after a restart"):
            await watched.connector.resync(SYMBOL)
        with pytest.raises(VenueRefused, match="after a restart"):
            await watched.connector.create_order(order_of(price="101"))
        assert watched.connector._streams is not None
        told, book = len(watched.told), watched.connector._streams._books[SYMBOL]
        read_us = book._told_us
        watched.show({"99": "1"}, {"102": "1"})
        await watched.until(lambda: book._told_us > read_us)
        assert len(watched.told) == told
        watched.connector._renew(changed)
        assert len(watched.gaps) == 1


def _tenfold(markets: MarketList) -> MarketList:
    return replace(markets, markets=[{**market, "contractSize": 10.0} if market.get("swap") else market for market in markets.markets])
