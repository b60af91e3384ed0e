"""How a request gets to a venue and its answer back, through whatever is wrong with the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from tests.emulator.faults import Call, Course, Spoilt

if TYPE_CHECKING:
    from tests.emulator.server import Emulator
    from tests.emulator.world import EmulatedVenue

_PAGE = "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr><center>nginx</center></body></html>"

Act = Callable[[], web.Response]
Words = Callable[[int, int], web.Response]


async def carry(emulator: Emulator, venue: EmulatedVenue, request: web.Request, call: Call, act: Act, words: Words) -> web.StreamResponse:
    """Answer one request after its round trip.

    Args:
        act: what the venue does when the request arrives; never awaits, and puts the exchange's errors into the answer.
        words: the exchange's own for 429, 418 and 503, given the status and the seconds to wait.
    """
    course = venue.faults.draw(call)
    await emulator.clock.sleep(venue.leg_s())
    if course is None:
        response = act()
        await emulator.clock.sleep(venue.leg_s())
        return response
    if course.late:
        emulator.later(venue.faults.late_s, act)
        return await _spoil(emulator, venue, request, course, words)
    if course.arrives:
        act()
    await emulator.clock.sleep(venue.leg_s())
    return await _spoil(emulator, venue, request, course, words)


async def _spoil(emulator: Emulator, venue: EmulatedVenue, request: web.Request, course: Course, words: Words) -> web.StreamResponse:
    match course.spoilt:
        case Spoilt.CLOSED:
            return _close(request)
        case Spoilt.SILENCE:
            await emulator.closing.wait()
            return _close(request)
        case Spoilt.CUT:
            return await _cut(request)
        case Spoilt.PAGE:
            return web.Response(status=course.status, text=_PAGE.format(status=course.status), content_type="text/html")
        case Spoilt.WORDS:
            return words(course.status, venue.faults.retry_after_s)


def _close(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # goes nowhere


async def _cut(request: web.Request) -> web.StreamResponse:
    """Headers that promise more than comes."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "4096"})
    await response.prepare(request)
    await response.write(b'{"symbol":"BTCU')
    if request.transport is not None:
        request.transport.close()
    return response
