"""Every strategy's answer to one request, side by side: the same planners that would execute it, and nothing is sent.

The request's own strategy keeps its parameters. The others take their defaults, but for which kinds of venues to use:
a trader who switched perps off does not want to read that perps would be cheaper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy
from core.domain.errors import BadRequest
from core.domain.market import MarketView
from core.domain.plan import ExecutionRequest
from core.execution.conditions import check_strategy, why_not_whole
from core.execution.effective import as_worked
from core.execution.estimate import Flow, estimate
from core.strategies.base import Strategy
from core.strategies.params import Params, parse_params

# How far back the traded volume is looked at that resting orders are expected to fill by.
FLOW_WINDOW_S = 300.0

Find = Callable[[ExecutionStrategy], Strategy]


def compare(request: ExecutionRequest, market: MarketView, flow: Flow, find: Find) -> list[Comparison]:
    """One `Comparison` per strategy, in the order of `ExecutionStrategy`. Never raises on a poor market or an odd request.

    Args:
        find: the registry; a strategy that it does not have is "not available yet".
    """
    return [compare_one(strategy, request, market, flow, find) for strategy in ExecutionStrategy]


def compare_one(strategy: ExecutionStrategy, request: ExecutionRequest, market: MarketView, flow: Flow, find: Find) -> Comparison:
    """What `strategy` would do with `request`, or in words why it can't."""
    try:
        planner = find(strategy)
        params = _params(strategy, request)
        check_strategy(strategy, params, request.order_type, request.time_in_force, post_only=request.post_only)
        same = replace(as_worked(request), strategy=strategy, params=params.model_dump())
        plan = planner.plan(same, market, params)
        if not plan.blocking:
            plan = replace(plan, blocking=why_not_whole(plan, request))
        return estimate(plan, same, params, market, flow)
    except BadRequest as error:
        return Comparison(strategy, request.amount, duration_s=None, residual=request.amount, why_not=str(error))


def _params(strategy: ExecutionStrategy, request: ExecutionRequest) -> Params:
    if strategy is request.strategy:
        return parse_params(strategy, request.params)
    kinds = {name: request.params[name] for name in ("include_spot", "include_perp") if name in request.params}
    return parse_params(strategy, kinds)
