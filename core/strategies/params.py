"""The strategies' parameters: one pydantic model each, and the ticket's form is made from it.

Units differ by name, as users of this API know them: `min_liquidity_percent` is a *fraction*
(0.05 is 5 %), `max_slippage_percent`, `max_price_impact_percent`, `max_share_percent` are *percent*
(0.3 is 0.3 %). The form shows every one as a percentage.

On each field `json_schema_extra` carries what the form needs: `unit` (text behind the number),
`scale` (what the shown number is divided by to get the stored one: 100 for a fraction shown
as percent) and `step` (in shown units).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core.domain.enums import ExecutionStrategy
from core.domain.errors import BadParams


def _exact(value: Any) -> Any:
    """A float parameter means the number it prints as: 0.3 is three tenths."""
    return Decimal(repr(value)) if isinstance(value, float) else value


_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d)?\s*$", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def _seconds(value: Any) -> Any:
    """'5m', '90s', '1.5h' or a plain number of seconds."""
    if isinstance(value, str) and (match := _DURATION.match(value)):
        return float(match[1]) * _SECONDS[(match[2] or "s").lower()]
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact)]
Seconds = Annotated[float, BeforeValidator(_seconds)]


def ui(unit: str = "", *, scale: int = 1, step: float | None = None) -> dict[str, Any]:
    """What the form needs to know of a field beyond title, description and bounds."""
    return {"unit": unit, "scale": scale, **({} if step is None else {"step": step})}


class Params(BaseModel):
    """Base of all parameter models: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    include_spot: bool = Field(True, title="Spot venues", description="Use spot markets.")
    include_perp: bool = Field(True, title="Perp venues", description="Use linear perpetual futures.")

    @model_validator(mode="after")
    def _some_market(self) -> Self:
        if not (self.include_spot or self.include_perp):
            raise ValueError("spot and perp venues are both switched off")
        return self


class BestPriceParams(Params):
    """One venue, ranked by the all-in average price for this size."""


class LowestFeesParams(Params):
    """The venue with the lowest fee that applies; price breaks ties."""


class SplitEvenlyParams(Params):
    """Equal shares on every venue, in whole lots."""


class _LiquidityParams(Params):
    liquidity_type: Literal["base", "quote"] = Field(
        "base", title="Liquidity in", description="Measure depth in base (BTC) or in quote (price × amount)."
    )


class BestLiquidityParams(_LiquidityParams):
    """The venue with the most depth within the limit."""


class SplitByLiquidityParams(_LiquidityParams):
    """Shares in proportion to each venue's depth at or better than the limit."""

    min_liquidity_percent: Exact = Field(
        Decimal("0.05"),
        ge=0,
        lt=1,
        title="Min. share of depth",
        description="Leave out venues that hold less than this part of all depth.",
        json_schema_extra=ui("%", scale=100, step=1),
    )


class PriceOptimizedParams(_LiquidityParams):
    """Sweep the merged book by fee-adjusted price."""

    liquidity_type: Literal["base", "quote"] = Field(
        "base",
        title="Liquidity in",
        description="Changes nothing here: a sweep takes the cheapest levels until the amount, which is in base, is reached.",
    )
    max_slippage_percent: Exact = Field(
        Decimal(0),
        ge=0,
        le=10,
        title="Max. slippage",
        description="How far past the limit price the worst fill may be.",
        json_schema_extra=ui("%", step=0.05),
    )


class MinimalImpactParams(_LiquidityParams):
    """As small a share of each venue's depth as possible, in clips that wait for the book to refill."""

    max_price_impact_percent: Exact = Field(
        Decimal("0.5"),
        gt=0,
        le=10,
        title="Max. impact",
        description="Depth further than this from each venue's touch is left alone.",
        json_schema_extra=ui("%", step=0.05),
    )
    price_levels: int = Field(
        10,
        ge=1,
        le=1000,
        title="Price levels",
        description="At most this many levels of each book.",
        json_schema_extra=ui("levels", step=1),
    )
    max_share_percent: Exact = Field(
        Decimal(20),
        gt=0,
        le=100,
        title="Max. share",
        description="At most this part of each venue's in-band depth per clip.",
        json_schema_extra=ui("%", step=1),
    )


class IcebergParams(Params):
    """One visible tip at a time, refilled as it fills."""

    display_amount: Exact | None = Field(
        None, gt=0, title="Display amount", description="Size of the visible tip, in base.", json_schema_extra=ui("base", step=0.01)
    )
    display_percent: Exact | None = Field(
        None,
        gt=0,
        le=100,
        title="Display share",
        description="Size of the visible tip as a part of the order.",
        json_schema_extra=ui("%", step=1),
    )
    variance: Exact = Field(
        Decimal(20),
        ge=0,
        le=90,
        title="Variance",
        description="Each tip's size is random within ± this.",
        json_schema_extra=ui("%", step=5),
    )
    exchange: str = Field("best", title="Venue", description="The venue to work on; 'best' picks it by price and depth.")

    @model_validator(mode="after")
    def _one_display(self) -> Self:
        if self.display_amount is not None and self.display_percent is not None:
            raise ValueError("give display_amount or display_percent, not both")
        return self


class TwapParams(Params):
    """Equal slices over time."""

    duration: Seconds = Field(
        300.0, gt=0, le=7 * 86_400, title="Duration", description="From the first slice to the end.", json_schema_extra=ui("s", step=30)
    )
    slices: int | None = Field(
        None,
        ge=1,
        le=10_000,
        title="Slices",
        description="How many slices; empty: one per interval.",
        json_schema_extra=ui("slices", step=1),
    )
    interval: Seconds | None = Field(
        None,
        gt=0,
        le=86_400,
        title="Interval",
        description="Time between slices; empty: duration / slices.",
        json_schema_extra=ui("s", step=5),
    )
    randomize: Exact = Field(
        Decimal(20),
        ge=0,
        le=50,
        title="Randomize",
        description="Slice times and sizes vary by up to ± this.",
        json_schema_extra=ui("%", step=5),
    )
    style: Literal["passive", "balanced", "aggressive"] = Field(
        "balanced",
        title="Style",
        description="Passive waits at the touch, balanced crosses late in each interval, aggressive crosses at once.",
    )
    end_policy: Literal["complete", "leave"] = Field(
        "complete", title="At the end", description="Complete what is left by crossing, or leave it unfilled."
    )

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if self.slices is not None and self.interval is not None:
            raise ValueError("give slices or interval, not both")
        if self.interval is not None and self.interval > self.duration:
            raise ValueError("the interval is longer than the duration")
        return self


class VwapParams(TwapParams):
    """Slices that follow the market's volume curve."""

    lookback_days: int = Field(
        7, ge=1, le=60, title="Lookback", description="Days of candles the volume curve is made from.", json_schema_extra=ui("days", step=1)
    )
    max_participation: Exact = Field(
        Decimal(20),
        gt=0,
        le=100,
        title="Max. participation",
        description="At most this part of the market's volume.",
        json_schema_extra=ui("%", step=1),
    )


PARAMS: dict[ExecutionStrategy, type[Params]] = {
    ExecutionStrategy.BEST_PRICE: BestPriceParams,
    ExecutionStrategy.BEST_LIQUIDITY: BestLiquidityParams,
    ExecutionStrategy.LOWEST_FEES: LowestFeesParams,
    ExecutionStrategy.SPLIT_EVENLY: SplitEvenlyParams,
    ExecutionStrategy.SPLIT_BY_LIQUIDITY: SplitByLiquidityParams,
    ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY: PriceOptimizedParams,
    ExecutionStrategy.MINIMAL_MARKET_IMPACT: MinimalImpactParams,
    ExecutionStrategy.ICEBERG: IcebergParams,
    ExecutionStrategy.TWAP: TwapParams,
    ExecutionStrategy.VWAP: VwapParams,
}


def parse_params(strategy: ExecutionStrategy, given: object) -> Params:
    """`given` (a mapping or None) as the strategy's model.

    Raises:
        BadParams: an unknown name, or a value out of its bounds; the sentence names the field.
    """
    model = PARAMS[strategy]
    if isinstance(given, Params):
        given = given.model_dump()
    try:
        return model.model_validate({} if given is None else given)
    except ValidationError as error:
        raise BadParams(_sentence(strategy, model, error), detail=error) from None


def _sentence(strategy: ExecutionStrategy, model: type[Params], error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{strategy.label} has no parameter {name!r}; known: {', '.join(model.model_fields)}."
    message = first["msg"].removeprefix("Value error, ")
    return f"{strategy.label}: {name + ': ' if name else ''}{message[0].lower()}{message[1:]}."
