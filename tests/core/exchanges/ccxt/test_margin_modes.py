"""okx is told the margin mode with every order: one that says "cross" by habit would open a second position beside an isolated one."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.errors import VenueRefused, VenueUnavailable
from tests.core.exchanges.ccxt.offline import Offline, offline, order_of
from tests.core.exchanges.ccxt.test_contract_change import taking

SYMBOL = "BTC/USDT"


def holding(desk: Offline, *modes: str, size: str = "5") -> Offline:
    one = {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "pos": size, "posSide": "net", "avgPx": "60000"}
    taking(desk).answers["account/positions"] = {"code": "0", "data": [{**one, "mgnMode": mode} for mode in modes]}
    desk.answers["account/set-leverage"] = {"code": "0", "data": [{}]}
    return desk


def modes_said(desk: Offline) -> list[Any]:
    return [order["tdMode"] for order in (*desk.sent("trade/batch-orders"), *desk.sent("trade/order"))]


async def asked(desk: Offline, client_id: str = "f00000000000000001", **flags: Any) -> str:
    await desk.trading.create_order(order_of(client_id, **flags))
    return str(modes_said(desk)[-1])


@pytest.mark.parametrize("reduce_only", [False, True])
@pytest.mark.parametrize(("held", "said"), [((), "cross"), (("cross",), "cross"), (("isolated",), "isolated")])
async def test_an_order_as_set_joins_the_position_that_is_open_after_a_restart(held: tuple[str, ...], said: str, reduce_only: bool) -> None:
    async with offline("okx_perp") as desk:
        assert await asked(holding(desk, *held), reduce_only=reduce_only) == said


async def test_a_position_that_was_closed_decides_nothing() -> None:
    async with offline("okx_perp") as desk:
        assert await asked(holding(desk, "isolated", size="0")) == "cross"


async def test_a_position_that_is_opened_elsewhere_is_noticed_within_seconds_and_not_asked_for_with_every_slice() -> None:
    async with offline("okx_perp") as desk:
        assert await asked(holding(desk)) == "cross"
        holding(desk, "isolated")
        await asked(desk, "f00000000000000002")
        assert len([path for path, _ in desk.asked if path.endswith("account/positions")]) == 1
        await desk.clock.advance(11)
        assert await asked(desk, "f00000000000000003") == "isolated"


async def test_between_a_cross_and_an_isolated_position_the_trader_chooses() -> None:
    async with offline("okx_perp") as desk:
        holding(desk, "cross", "isolated")
        with pytest.raises(VenueRefused, match="holds BTC/USDT both cross and isolated: choose the margin mode"):
            await asked(desk)
        assert not modes_said(desk)
        await desk.trading.set_leverage(SYMBOL, 3, "isolated")
        assert await asked(desk) == "isolated"


async def test_a_mode_that_nobody_tells_keeps_the_order_back() -> None:
    async with offline("okx_perp") as desk:
        taking(desk).answers["account/positions"] = TimeoutError()
        with pytest.raises(VenueUnavailable, match="did not say in which margin mode"):
            await asked(desk)
        assert not modes_said(desk)


async def test_the_other_mode_can_not_be_chosen_beside_an_open_position() -> None:
    async with offline("okx_perp") as desk:
        holding(desk, "isolated")
        with pytest.raises(VenueRefused, match="holds BTC/USDT isolated; it can be traded cross when that position is closed"):
            await desk.trading.set_leverage(SYMBOL, 3, "cross")
        assert not desk.sent("account/set-leverage")
        assert await asked(desk) == "isolated"


async def test_leverage_alone_is_set_for_the_mode_in_use_and_chooses_none() -> None:
    async with offline("okx_perp") as desk:
        holding(desk, "isolated")
        await desk.trading.set_leverage(SYMBOL, 3)
        assert [body["mgnMode"] for body in desk.sent("account/set-leverage")] == ["isolated"]
        assert not desk.account.margin_modes


async def test_spot_says_nothing_of_margin() -> None:
    async with offline("okx_spot") as desk:
        assert await asked(holding(desk, "isolated")) == "cash"
