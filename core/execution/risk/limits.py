"""The trader's own limits, one set per mode. The dialog that edits them is made from this model.

They catch slips (a zero too many, a price from another symbol) and runaways; they are no strategy. The model's own defaults are
those for real money; what each mode begins with is in `core.desk.limits`.
"""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from core.strategies.params import Exact, Seconds, ui


class RiskLimits(BaseModel):
    """What no order may go past. Money is in the symbol's quote currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_order_notional: Exact = Field(
        Decimal(50_000),
        gt=0,
        title="Largest order on a venue",
        description="The most one child order may be worth, price × amount in quote.",
        json_schema_extra=ui("quote", step=10_000),
    )
    max_parent_notional: Exact = Field(
        Decimal(250_000),
        gt=0,
        title="Largest parent order",
        description="The most one parent order may be worth, price × amount in quote.",
        json_schema_extra=ui("quote", step=50_000),
    )
    price_collar_bps: Exact = Field(
        Decimal(200),
        gt=0,
        le=10_000,
        title="Price collar",
        description="How far above the merged mid a buy may be priced, and how far below it a sell. Waiting far away is always allowed.",
        json_schema_extra=ui("bps", step=10),
    )
    check_balance: bool = Field(
        True,
        title="Check balances",
        description="Refuse what the free balances of the venues can't pay for. A balance that is not known refuses nothing.",
    )
    assumed_leverage: int = Field(
        10,
        ge=1,
        le=125,
        title="Assumed leverage",
        description="For the margin of perp orders that set no leverage of their own; the venue has the last word.",
        json_schema_extra=ui("×", step=1),
    )
    max_open_per_venue: int = Field(
        20,
        ge=1,
        le=10_000,
        title="Open orders per venue",
        description="How many of our orders may be open on one venue at once.",
        json_schema_extra=ui("orders", step=1),
    )
    max_open: int = Field(
        100,
        ge=1,
        le=100_000,
        title="Open orders in all",
        description="How many of our orders may be open on all venues together.",
        json_schema_extra=ui("orders", step=10),
    )
    max_orders_per_second: int = Field(
        10,
        ge=1,
        le=10_000,
        title="Orders per second",
        description="New and changed orders on all venues together. What is too fast is tried again a little later.",
        json_schema_extra=ui("orders", step=1),
    )
    max_orders_per_minute: int = Field(
        120,
        ge=1,
        le=100_000,
        title="Orders per minute",
        description="New and changed orders on all venues together. What is too fast is tried again a little later.",
        json_schema_extra=ui("orders", step=10),
    )
    duplicate_window_s: Seconds = Field(
        10.0,
        ge=0,
        le=3_600,
        title="Identical orders within",
        description="A script's parent order that repeats another within this time is refused; 0 allows it. The ticket asks instead.",
        json_schema_extra=ui("s", step=1),
    )


# What a bare engine starts with: nobody has set a limit.
UNLIMITED = RiskLimits(
    max_order_notional=Decimal("1e18"),
    max_parent_notional=Decimal("1e18"),
    price_collar_bps=Decimal(10_000),
    check_balance=False,
    max_open_per_venue=10_000,
    max_open=100_000,
    max_orders_per_second=10_000,
    max_orders_per_minute=100_000,
    duplicate_window_s=0.0,
)
