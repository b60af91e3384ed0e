"""What a strategy gets to see of a request: it only ever meets MARKET and LIMIT, and never an expiry.

Triggers and GTD are the worker's business. By the time a strategy is asked, a stop has fired and is a market
order, a stop limit is a limit order, and a GTD order is a GTC order that the worker will end. The venues see no
more of it than the strategies do: a child is never sent as GTD, so ending it in time takes a running program.
"""

from __future__ import annotations

from dataclasses import replace

from core.domain.enums import OrderType, TimeInForce
from core.domain.plan import ExecutionRequest


def as_worked(request: ExecutionRequest) -> ExecutionRequest:
    """`request` as its strategy sees it. A plain market or limit order without an expiry comes back as it is."""
    order_type, time_in_force = request.order_type.once_fired, request.time_in_force
    if time_in_force is TimeInForce.GTD:
        time_in_force = TimeInForce.GTC
    if order_type is OrderType.MARKET and time_in_force is TimeInForce.GTC:
        time_in_force = TimeInForce.IOC
    if (order_type, time_in_force) == (request.order_type, request.time_in_force):
        return request
    return replace(request, order_type=order_type, time_in_force=time_in_force, trigger_price=None, trail_percent=None, trail_amount=None)
