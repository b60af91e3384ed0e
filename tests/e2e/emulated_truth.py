"""What is true on the emulated exchanges, in the names that the wire uses, and what arrived there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qsl

import orjson

from core.domain.orders import Fill
from tests.e2e.agreement import Truth
from tests.emulator import Call, EmulatedVenue, Emulator, Request
from tests.emulator.bybit_errors import LINEAR, SPOT
from tests.emulator.bybit_words import order_id, trade_id
from tests.emulator.orders import WireFill, WireOrder


def truth_of(emulator: Emulator) -> Truth:
    """Of all venues. A create counts when it was sent, whatever became of it."""
    creates = Counter(_client_id(request) for request in emulator.requests if request.call is Call.CREATE)
    venues = emulator.venues.values()
    orders = [replace(order.state, client_id=order.client_id) for venue in venues for order in venue.orders.values()]
    return Truth(creates, orders, [fill for venue in venues for fill in _fills(venue)])


def _fills(venue: EmulatedVenue) -> list[Fill]:
    """The truth's own, under the ids by which a connector tells of them: the order's and the trade's, as the venue gives them."""
    named = {fill.truth_id: (order, fill) for order in venue.orders.values() for fill in order.fills}
    fills = []
    for fill in venue.truth.fills:
        order, told = named[fill.trade_id]
        fills.append(replace(fill, client_id=order.client_id, trade_id=_trade_id(venue, order, told)))
    return fills


def _trade_id(venue: EmulatedVenue, order: WireOrder, fill: WireFill) -> str:
    if venue.name.startswith("bybit"):
        category = LINEAR if venue.is_perp else SPOT
        return f"{order_id(category, order.number)}-{trade_id(category, fill.number)}"
    return f"{order.number}-{fill.number}"


def _client_id(request: Request) -> str:
    if request.venue.startswith("bybit"):
        return str(orjson.loads(request.body)["orderLinkId"])
    return dict(parse_qsl(request.body))["newClientOrderId"]
