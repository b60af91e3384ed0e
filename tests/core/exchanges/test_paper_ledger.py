"""Money on the paper venue: exact, held while orders are open, never negative."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.errors import VenueRefused
from core.exchanges.connector import Balance
from tests.core.exchanges.paper_desk import BUY, IOC, PERP, SELL, SPOT, PaperDesk, paper_desk

START = {"USDT": Decimal(1000), "BTC": Decimal(5)}


async def money(desk: PaperDesk, currency: str) -> Balance:
    return (await desk.do(desk.venue.balances()))[currency]


async def test_a_spot_buy_pays_its_fee_in_base() -> None:
    async with paper_desk(balances=START) as desk:
        await desk.send(BUY, "1.5", "101", IOC)
        assert desk.fills[-1].fee_currency == "BTC"
        assert (await money(desk, "USDT")).total == Decimal("1000") - Decimal("100.5") - Decimal("50.5")
        assert (await money(desk, "BTC")).total == Decimal("6.5") - Decimal("0.0015")


async def test_a_spot_sell_pays_its_fee_in_quote() -> None:
    async with paper_desk(balances=START) as desk:
        await desk.send(SELL, "1", "100", IOC)
        assert (await money(desk, "USDT")).total == Decimal("1099.9")
        assert (await money(desk, "BTC")).total == Decimal(4)


async def test_a_maker_pays_the_maker_fee() -> None:
    async with paper_desk(balances=START) as desk:
        await desk.send(SELL, "1", "100.5")
        desk.feed.trade(BUY, "101", "1")
        assert desk.fills[-1].fee == Decimal("0.0402")


async def test_an_open_order_holds_what_it_may_cost_and_frees_it_when_it_ends() -> None:
    async with paper_desk(balances=START) as desk:
        order = await desk.send(BUY, "2", "100")
        assert await money(desk, "USDT") == Balance("USDT", Decimal(1000), Decimal(800))
        desk.feed.trade(SELL, "99", "0.5")
        assert await money(desk, "USDT") == Balance("USDT", Decimal(950), Decimal(800))
        await desk.amend(order, price="99", amount="1")
        assert await money(desk, "USDT") == Balance("USDT", Decimal(950), Decimal("900.5"))
        await desk.cancel(order)
        assert await money(desk, "USDT") == Balance("USDT", Decimal(950), Decimal(950))


async def test_money_that_is_held_can_not_be_spent_twice() -> None:
    async with paper_desk(balances=START) as desk:
        await desk.send(SELL, "4", "102")
        with pytest.raises(VenueRefused, match="it needs 2 BTC and 1 BTC is free"):
            await desk.send(SELL, "2", "102")
        with pytest.raises(VenueRefused, match="USDT is free"):
            await desk.send(BUY, "10.5", "100")


async def test_a_buy_also_holds_the_fee_it_would_pay_in_quote() -> None:
    async with paper_desk(replace(SPOT, fee_in_base=False), balances={"USDT": Decimal(100)}) as desk:
        with pytest.raises(VenueRefused, match=r"it needs 100\.1 USDT and 100 USDT is free"):
            await desk.send(BUY, "1", "100")


async def test_an_amend_that_can_not_be_paid_leaves_the_order_as_it_was() -> None:
    async with paper_desk(balances=START) as desk:
        order = await desk.send(BUY, "2", "100")
        with pytest.raises(VenueRefused, match="USDT is free"):
            await desk.amend(order, amount="11")
        assert desk.now(order) == order
        assert (await money(desk, "USDT")).free == 800


async def test_a_price_improvement_is_given_back() -> None:
    async with paper_desk(balances=START) as desk:
        await desk.send(BUY, "1", "150", IOC)
        assert await money(desk, "USDT") == Balance("USDT", Decimal("899.5"), Decimal("899.5"))


async def test_a_perp_binds_a_tenth_and_books_profit_when_it_closes() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(100)}) as desk:
        await desk.send(BUY, "1", "100.5", IOC)
        wallet = Decimal(100) - Decimal("0.05025")
        assert await money(desk, "USDT") == Balance("USDT", wallet, wallet - Decimal("10.05"))
        desk.feed.snapshot(bids={"110": "5"}, asks={"111": "5"})
        await desk.send(SELL, "1", "110", IOC)
        wallet += Decimal("9.5") - Decimal("0.055")
        assert await money(desk, "USDT") == Balance("USDT", wallet, wallet)


async def test_a_short_earns_when_the_price_falls_and_may_turn_long_in_one_order() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(1000)}) as desk:
        await desk.send(SELL, "2", "99", IOC)  # 1 at 100, 1 at 99.5
        desk.feed.snapshot(bids={"89": "9"}, asks={"90": "9"})
        await desk.send(BUY, "3", "90", IOC)
        assert desk.venue.truth.ledger.position("BTC/USDT") == 1
        fees = sum(fill.fee for fill in desk.fills)
        assert (await money(desk, "USDT")).total == Decimal(1000) + Decimal("19.5") - fees


async def test_perp_margin_is_checked_before_an_order_is_taken() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(100)}) as desk:
        with pytest.raises(VenueRefused, match="it needs"):
            await desk.send(BUY, "10.5", "100")
        await desk.send(BUY, "5", "100")
        with pytest.raises(VenueRefused, match="it needs"):
            await desk.send(BUY, "5", "100")


async def test_closing_a_position_needs_no_fresh_margin() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(11)}) as desk:
        await desk.send(BUY, "1", "100.5", IOC)
        assert (await desk.send(SELL, "1", "100", IOC)).filled == 1


async def test_a_position_closed_in_thirds_returns_its_entry_cost_to_the_last_digit() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(1000)}) as desk:
        await desk.send(BUY, "1.07", "101", IOC)
        for amount in ("0.33", "0.33", "0.41"):
            await desk.send(SELL, amount, "99", IOC)
        cash = sum(-fill.side.sign * fill.price * fill.amount - fill.fee for fill in desk.fills)
        assert (await money(desk, "USDT")) == Balance("USDT", Decimal(1000) + cash, Decimal(1000) + cash)
