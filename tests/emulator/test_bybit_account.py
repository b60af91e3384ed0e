"""The unified account over both markets: wallet, fees, permissions, positions, leverage."""

from __future__ import annotations

import ccxt
import pytest

from tests.emulator.bybit_desk import MARKETS, PERP, bybit_desk

both = pytest.mark.parametrize("market", MARKETS)


@both
async def test_an_open_order_lowers_what_is_free_and_not_the_total(market: str) -> None:
    async with bybit_desk() as desk:
        before = (await desk.client.fetch_balance())["USDT"]
        placed = await desk.send(market, "buy", "1", "100")
        during = (await desk.client.fetch_balance())["USDT"]
        await desk.client.cancel_order(placed["id"], market)
        assert during["total"] == before["total"]
        assert during["free"] < before["free"]
        assert (await desk.client.fetch_balance())["USDT"] == before


async def test_the_wallet_is_one_for_both_markets() -> None:
    async with bybit_desk() as desk:
        parts = [desk.venue(market).truth.ledger.balances()["USDT"].total for market in MARKETS]
        assert (await desk.client.fetch_balance())["USDT"]["total"] == float(sum(parts))


async def test_a_position_binds_margin_by_its_leverage() -> None:
    async with bybit_desk() as desk:
        await desk.client.set_leverage(5, PERP)
        await desk.send(PERP, "buy", "1", "101", timeInForce="IOC")
        [coin] = [row for row in (await desk.client.fetch_balance())["info"]["result"]["list"][0]["coin"] if row["coin"] == "USDT"]
        assert [float(coin[name]) for name in ("totalPositionIM", "totalOrderIM", "locked")] == [20.1, 0, 0]


async def test_only_a_unified_wallet_is_there() -> None:
    async with bybit_desk() as desk:
        with pytest.raises(ccxt.BadRequest, match="UNIFIED"):
            await desk.client.private_get_v5_account_wallet_balance({"accountType": "CONTRACT"})


@both
async def test_fees_are_the_accounts_own(market: str) -> None:
    async with bybit_desk() as desk:
        fee = await desk.client.fetch_trading_fee(market)
        assert (fee["taker"], fee["maker"]) == (0.001, 0.0004)


@pytest.mark.parametrize("can_withdraw", [True, False])
async def test_a_key_says_whether_it_may_withdraw(can_withdraw: bool) -> None:
    async with bybit_desk() as desk:
        desk.emulator.can_withdraw = can_withdraw
        result = (await desk.client.private_get_v5_user_query_api())["result"]
        assert ("Withdraw" in result["permissions"]["Wallet"]) is can_withdraw
        assert (result["readOnly"], result["uta"], result["permissions"]["Spot"]) == (0, 1, ["SpotTrade"])


async def test_a_position_averages_its_entry_and_a_flat_one_is_not_listed() -> None:
    async with bybit_desk() as desk:
        assert not await desk.client.fetch_positions()
        await desk.send(PERP, "buy", "1.5", "101", "in", timeInForce="IOC")
        [position] = await desk.client.fetch_positions()
        assert (position["symbol"], position["side"], position["contracts"]) == (PERP, "long", 1.5)
        assert position["entryPrice"] == pytest.approx((100.5 + 0.5 * 101) / 1.5)
        await desk.send(PERP, "sell", "1.5", "99", "out", timeInForce="IOC")
        assert not await desk.client.fetch_positions()
        [flat] = (await desk.client.private_get_v5_position_list({"category": "linear", "symbol": "BTCUSDT"}))["result"]["list"]
        assert (flat["side"], flat["size"]) == ("", "0.00")


async def test_leverage_that_is_set_already_is_an_error_and_changes_nothing() -> None:
    async with bybit_desk() as desk:
        await desk.client.set_leverage(3, PERP)
        with pytest.raises(ccxt.BadRequest, match="110043"):
            await desk.client.set_leverage(3, PERP)
        with pytest.raises(ccxt.BadRequest, match="110013"):
            await desk.client.set_leverage(100_000, PERP)
        await desk.send(PERP, "buy", "1", "101", timeInForce="IOC")
        assert (await desk.client.fetch_positions())[0]["leverage"] == 3


async def test_leverage_is_not_lowered_below_what_the_wallet_can_carry() -> None:
    async with bybit_desk() as desk:
        await desk.send(PERP, "buy", "400000", "90")
        with pytest.raises(ccxt.InsufficientFunds, match="110044"):
            await desk.client.set_leverage(1, PERP)


async def test_the_margin_mode_is_the_accounts_and_stays_while_something_is_open() -> None:
    async with bybit_desk() as desk:
        for mode in ("isolated", "isolated", "cross"):
            await desk.client.set_margin_mode(mode)
        assert (await desk.client.private_get_v5_account_info())["result"]["marginMode"] == "REGULAR_MARGIN"
        placed = await desk.send(PERP, "buy", "1", "90")
        with pytest.raises(ccxt.ExchangeError, match="3400045"):
            await desk.client.set_margin_mode("isolated")
        await desk.client.cancel_order(placed["id"], PERP)
        await desk.client.set_margin_mode("isolated")


async def test_a_unified_account_may_not_switch_one_symbol() -> None:
    async with bybit_desk() as desk:
        with pytest.raises(ccxt.PermissionDenied, match="100028"):
            await desk.client.private_post_v5_position_switch_isolated({"category": "linear", "symbol": "BTCUSDT"})


async def test_spot_has_neither_positions_nor_leverage() -> None:
    async with bybit_desk() as desk:
        for ask in (desk.client.private_get_v5_position_list, desk.client.private_post_v5_position_set_leverage):
            with pytest.raises(ccxt.BadRequest, match="10001"):
                await ask({"category": "spot", "symbol": "BTCUSDT", "buyLeverage": "2", "sellLeverage": "2"})
