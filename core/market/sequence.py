"""Whether an update joins the ones before it. Venues send some twice, and some late: only a hole is a hole.

Sizes are absolute, so an update that the book has passed already has nothing to say.
"""

from __future__ import annotations

from core.domain.market import BookMessage


def is_old(delta: BookMessage, last: int | None) -> bool:
    """Whether a book at `last` knows `delta` already."""
    return last is not None and delta.seq is not None and delta.seq <= last


def broken_link(delta: BookMessage, last: int | None) -> str | None:
    """Why `delta` does not join a book at `last`, as a sentence without its full stop; None when it does or can't be told."""
    if last is None or delta.prev_seq is None or delta.prev_seq == last:
        return None
    if delta.prev_seq > last:
        return f"{delta.venue} skipped updates: after {last} comes one that follows {delta.prev_seq}"
    return f"{delta.venue} sent an update that follows {delta.prev_seq} when the book was at {last}"
