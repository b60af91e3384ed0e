"""The examples of the documentation, word for word, on paper venues of those names; then once more at the market.

The documented prices (50,000 and 3,000) are far from the synthetic market: a buy there waits, a sell there fills.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from core import ExecutionEngine, ExecutionStrategy, Order, OrderBooks, OrderManager, OrderSide, OrderType
from core.domain.clock import SystemClock
from core.domain.orders import ParentStatus
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.synthetic import SyntheticFeed

VENUES = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp")


class Bench:
    """What the documentation calls `exchange_connectors`, `orderbooks`, `order_manager` and `execution_engine`."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.feed = SyntheticFeed(clock, seed=3, venues=VENUES)
        self.connectors = {venue: PaperConnector(venue, self.feed, clock, latency_ms=2) for venue in VENUES}
        self.orderbooks = OrderBooks(clock)
        exchange_connectors, orderbooks = self.connectors, self.orderbooks

        # Initialize necessary components
        order_manager = OrderManager(exchange_connectors)
        execution_engine = ExecutionEngine(order_manager, exchange_connectors, orderbooks)

        self.order_manager, self.execution_engine = order_manager, execution_engine

    async def open(self) -> None:
        for connector in self.connectors.values():
            await connector.open()
            connector.on_market(self.orderbooks.consume)
            for symbol, instrument in connector.instruments.items():
                self.orderbooks.register(instrument)
                await connector.subscribe(symbol)

    async def close(self) -> None:
        await self.execution_engine.close()
        await self.order_manager.close()
        for connector in self.connectors.values():
            await connector.close()

    def at_the_market(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """The same request with a price that the market is at."""
        view = self.orderbooks.view(words["symbol"])
        mid = view.mid
        assert mid is not None
        sign = OrderSide(words["side"]).sign
        return {**words, "price": (mid * (1 + sign * Decimal("0.004"))).quantize(Decimal("0.01"))}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    opened = Bench()
    await opened.open()
    pump = asyncio.create_task(opened.feed.run())
    await asyncio.sleep(0.05)
    yield opened
    await opened.close()
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)


EXAMPLES: dict[str, dict[str, Any]] = {
    "basic order": dict(
        symbol='BTC/USDT',
        side=OrderSide.BUY,
        amount=Decimal('0.1'),
        order_type=OrderType.LIMIT,
        price=Decimal('50000'),
        strategy=ExecutionStrategy.BEST_PRICE
    ),
    "split by base liquidity": dict(
        symbol='ETH/USDT',
        side=OrderSide.BUY,
        amount=Decimal('10.0'),
        order_type=OrderType.LIMIT,  # Always uses limit orders
        price=Decimal('3000'),
        strategy=ExecutionStrategy.SPLIT_BY_LIQUIDITY,
        exchanges=['binance_spot', 'binance_perp', 'bybit_spot', 'bybit_perp'],  # Specify market types
        params={
            'liquidity_type': 'base',  # Use base currency for liquidity calculation
            'min_liquidity_percent': 0.05,  # Skip exchanges with less than 5% of total liquidity
            'include_spot': True,  # Include spot markets
            'include_perp': True   # Include perpetual futures markets
        }
    ),
    "split by quote liquidity": dict(
        symbol='BTC/USDT',
        side=OrderSide.SELL,
        amount=Decimal('1.0'),
        order_type=OrderType.LIMIT,
        price=Decimal('50000'),
        strategy=ExecutionStrategy.SPLIT_BY_LIQUIDITY,
        exchanges=['binance_spot', 'bybit_spot'],  # Only use spot markets
        params={
            'liquidity_type': 'quote',  # Use quote currency for liquidity calculation (price * amount)
            'min_liquidity_percent': 0.1,  # Skip exchanges with less than 10% of total liquidity
            'include_spot': True,
            'include_perp': False  # Exclude perpetual futures markets
        }
    ),
    "price-optimized liquidity": dict(
        symbol='BTC/USDT',
        side=OrderSide.BUY,
        amount=Decimal('2.0'),
        order_type=OrderType.LIMIT,
        price=Decimal('50000'),
        strategy=ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY,
        exchanges=['binance_spot', 'binance_perp', 'bybit_spot', 'bybit_perp'],
        params={
            'max_slippage_percent': 0.3,  # Maximum slippage from limit price (0.3%)
            'liquidity_type': 'base',  # Use base currency for liquidity calculation
            'include_spot': True,
            'include_perp': True
        }
    ),
    "minimal market impact": dict(
        symbol='ETH/USDT',
        side=OrderSide.SELL,
        amount=Decimal('50.0'),  # Large order
        order_type=OrderType.LIMIT,
        price=Decimal('3000'),
        strategy=ExecutionStrategy.MINIMAL_MARKET_IMPACT,
        exchanges=['binance_spot', 'binance_perp', 'bybit_spot', 'bybit_perp'],
        params={
            'max_price_impact_percent': 0.2,  # Maximum allowable price impact (0.2%)
            'price_levels': 15,  # Use up to 15 price levels per exchange
            'liquidity_type': 'base',
            'include_spot': True,
            'include_perp': True
        }
    ),
}  # fmt: skip


async def settle(parent: Order) -> None:
    """Let the order fill or come to rest."""
    for _ in range(200):
        await asyncio.sleep(0.01)
        if parent.status.terminal or "resting" in parent.reason:
            return


@pytest.mark.parametrize("name", EXAMPLES)
async def test_the_example_runs_as_documented(bench: Bench, name: str) -> None:
    execution_engine = bench.execution_engine
    parent_order = await execution_engine.execute_order(**EXAMPLES[name])
    await settle(parent_order)
    assert parent_order.status is ParentStatus.FILLED or parent_order.children
    if parent_order.status is ParentStatus.RUNNING:
        order_id = parent_order.id
        success = await execution_engine.cancel_execution(order_id)
        assert success
    assert parent_order.status.terminal
    allowed = EXAMPLES[name].get("exchanges", VENUES)
    assert {child.exchange for child in parent_order.children} <= set(allowed)


@pytest.mark.parametrize("name", EXAMPLES)
async def test_the_example_fills_at_the_market(bench: Bench, name: str) -> None:
    parent_order = await bench.execution_engine.execute_order(**bench.at_the_market(EXAMPLES[name]))
    await asyncio.wait_for(parent_order.done(), 30)
    assert parent_order.status is ParentStatus.FILLED
    assert parent_order.filled_amount == EXAMPLES[name]["amount"]


async def test_modification_and_cancellation_as_documented(bench: Bench) -> None:
    execution_engine = bench.execution_engine
    parent_order = await execution_engine.execute_order(**EXAMPLES["basic order"])
    await settle(parent_order)
    order_id = parent_order.id
    # Modify an existing order
    success = await execution_engine.modify_execution(
        order_id=order_id,
        new_price=Decimal('51000'),
        new_amount=Decimal('0.15')
    )  # fmt: skip
    assert success
    assert (parent_order.price, parent_order.amount) == (Decimal("51000"), Decimal("0.15"))
    # Cancel an order
    success = await execution_engine.cancel_execution(order_id)
    assert success


async def test_strings_do_for_enums_and_decimals_and_preview_sends_nothing(bench: Bench) -> None:
    request = bench.execution_engine.request(
        symbol="BTC/USDT", side="buy", amount="2.0", order_type="limit", price="50000", strategy="twap"
    )
    plan = bench.execution_engine.preview(request)
    assert plan.strategy is ExecutionStrategy.TWAP
    assert not bench.order_manager.snapshots()
