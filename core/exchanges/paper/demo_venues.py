"""The demo's venues: real rules, invented liquidity.

Ticks, lots, minimums and base-tier fees are those the exchanges publish; the rest (depth, pace, latency,
offsets) is chosen to look like them next to each other. A perp's basis is small on purpose: a
larger one would have the merged book crossed all the time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.exchanges.names import resolve_venue


@dataclass(frozen=True, slots=True)
class DemoSymbol:
    """One symbol's scale, the same on all venues.

    Attributes:
        price: where it starts, quote per base.
        wall_step: round prices that attract size are multiples of this, in quote.
        depth_scale: base units that are worth about one unit of `DemoVenue.depth`.
    """

    price: float
    wall_step: float
    depth_scale: float


@dataclass(frozen=True, slots=True)
class DemoVenue:
    """How one venue's market behaves. Distances in bps of the price.

    Attributes:
        latency_ms: mean round trip of a request.
        update_ms: mean time between book updates.
        levels: displayed levels per side, spread over about 1 %.
        depth: size of all levels of one side, in BTC (see `DemoSymbol.depth_scale`).
        trades_per_s: prints per second in quiet times.
        half_spread_bps: half the usual spread; the tick where that is wider.
        basis_bps: mean distance from the common price; positive on perps.
        offset_bps: standard deviation of its slow wandering around that.
        lag_ms: how long its stale quotes stand after the common price has moved through them.
        instruments: symbol -> rules.
    """

    latency_ms: float
    update_ms: float
    levels: int
    depth: float
    trades_per_s: float
    half_spread_bps: float
    basis_bps: float
    offset_bps: float
    lag_ms: float
    instruments: Mapping[str, Instrument]


DEMO_SYMBOLS: Mapping[str, DemoSymbol] = MappingProxyType(
    {"BTC/USDT": DemoSymbol(61_800.0, 100.0, 1.0), "ETH/USDT": DemoSymbol(2_650.0, 5.0, 16.0)}
)


def _instruments(
    venue: str, *, taker: str, maker: str, fee_in_base: bool = False, **rules: tuple[str, str, str, str]
) -> Mapping[str, Instrument]:
    """Rules by base currency: tick, lot, minimum amount, minimum notional."""
    market_type = MarketType.PERP if venue.endswith("_perp") else MarketType.SPOT
    return {
        f"{base}/USDT": Instrument(
            venue=venue,
            symbol=f"{base}/USDT",
            market_type=market_type,
            tick=Decimal(tick),
            lot=Decimal(lot),
            min_amount=Decimal(min_amount),
            min_notional=Decimal(min_notional),
            taker_fee=Decimal(taker),
            maker_fee=Decimal(maker),
            fee_in_base=fee_in_base,
        )
        for base, (tick, lot, min_amount, min_notional) in rules.items()
    }


DEMO_VENUES: Mapping[str, DemoVenue] = MappingProxyType(
    {
        "binance_spot": DemoVenue(
            latency_ms=12.0,
            update_ms=100.0,
            levels=400,
            depth=260.0,
            trades_per_s=5.0,
            half_spread_bps=0.0,
            basis_bps=0.0,
            offset_bps=0.04,
            lag_ms=1.0,
            instruments=_instruments(
                "binance_spot",
                taker="0.001",
                maker="0.001",
                fee_in_base=True,
                BTC=("0.01", "0.00001", "0.00001", "5"),
                ETH=("0.01", "0.0001", "0.0001", "5"),
            ),
        ),
        "binance_perp": DemoVenue(
            latency_ms=9.0,
            update_ms=60.0,
            levels=400,
            depth=420.0,
            trades_per_s=7.0,
            half_spread_bps=0.0,
            basis_bps=0.5,
            offset_bps=0.12,
            lag_ms=1.0,
            instruments=_instruments(
                "binance_perp",
                taker="0.0005",
                maker="0.0002",
                BTC=("0.1", "0.001", "0.001", "100"),
                ETH=("0.01", "0.001", "0.001", "20"),
            ),
        ),
        "bybit_spot": DemoVenue(
            latency_ms=24.0,
            update_ms=110.0,
            levels=300,
            depth=110.0,
            trades_per_s=3.0,
            half_spread_bps=0.02,
            basis_bps=0.0,
            offset_bps=0.2,
            lag_ms=4.0,
            instruments=_instruments(
                "bybit_spot",
                taker="0.001",
                maker="0.001",
                fee_in_base=True,
                BTC=("0.01", "0.000001", "0.000011", "5"),
                ETH=("0.01", "0.00001", "0.00018", "5"),
            ),
        ),
        "bybit_perp": DemoVenue(
            latency_ms=21.0,
            update_ms=80.0,
            levels=300,
            depth=240.0,
            trades_per_s=5.0,
            half_spread_bps=0.0,
            basis_bps=0.7,
            offset_bps=0.15,
            lag_ms=3.0,
            instruments=_instruments(
                "bybit_perp",
                taker="0.00055",
                maker="0.0002",
                BTC=("0.1", "0.001", "0.001", "5"),
                ETH=("0.01", "0.01", "0.01", "5"),
            ),
        ),
        "okx_spot": DemoVenue(
            latency_ms=32.0,
            update_ms=120.0,
            levels=300,
            depth=120.0,
            trades_per_s=3.0,
            half_spread_bps=0.03,
            basis_bps=0.0,
            offset_bps=0.25,
            lag_ms=5.0,
            instruments=_instruments(
                "okx_spot",
                taker="0.001",
                maker="0.0008",
                fee_in_base=True,
                BTC=("0.1", "0.00000001", "0.00001", "0"),
                ETH=("0.01", "0.000001", "0.0001", "0"),
            ),
        ),
        "kraken_spot": DemoVenue(
            latency_ms=88.0,
            update_ms=180.0,
            levels=220,
            depth=40.0,
            trades_per_s=0.8,
            half_spread_bps=0.35,
            basis_bps=0.0,
            offset_bps=0.4,
            lag_ms=12.0,
            instruments=_instruments(
                "kraken_spot",
                taker="0.0026",
                maker="0.0016",
                BTC=("0.1", "0.00000001", "0.00005", "0.5"),
                ETH=("0.01", "0.00000001", "0.001", "0.5"),
            ),
        ),
    }
)


def demo_venues(names: Collection[str] | None = None) -> dict[str, DemoVenue]:
    """The demo's venues by name, in the table's order; all of them without `names`.

    Raises:
        UnknownVenue: one of `names` is not in the demo.
    """
    chosen = set(DEMO_VENUES) if not names else {resolve_venue(name, DEMO_VENUES) for name in names}
    return {name: venue for name, venue in DEMO_VENUES.items() if name in chosen}
