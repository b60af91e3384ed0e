"""What the kill switch did, and what it could not make sure of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An order that may still be live, or a venue that did not say.

    Attributes:
        order_id: the client id; empty when the venue itself did not answer.
        why: one sentence, as the venue gave it or we know it.
    """

    venue: str
    order_id: str
    why: str


@dataclass(frozen=True, slots=True)
class KillReport:
    """The outcome of one kill.

    Attributes:
        parents: parent orders that were stopped.
        cancelled: orders on venues that are known to be over without having filled completely.
        filled: orders that filled before their cancel arrived.
        unconfirmed: what the trader should look at, on the venue itself.
        unrecorded: why it is not in the journal, one sentence; empty when it is. What was stopped then comes back paused after a restart.
        not_ours: open orders that the venues listed and that were not sent from here: they stay.
    """

    parents: int = 0
    cancelled: int = 0
    filled: int = 0
    unconfirmed: tuple[Unconfirmed, ...] = ()
    not_ours: int = 0
    unrecorded: str = ""

    @property
    def sentence(self) -> str:
        """`Killed: 3 parents, 5 orders cancelled; 1 not confirmed on okx_spot.`"""
        orders = f"{_count(self.cancelled, 'order')} cancelled"
        filled = f", {self.filled} filled first" if self.filled else ""
        left = f" {_count(self.not_ours, 'order')} not sent from here left open." if self.not_ours else ""
        unrecorded = f" Not on record: {self.unrecorded}" if self.unrecorded else ""
        return f"Killed: {_count(self.parents, 'parent')}, {orders}{filled}{self._open_questions()}.{left}{unrecorded}"

    def _open_questions(self) -> str:
        by_venue: dict[str, int] = {}
        silent = {one.venue for one in self.unconfirmed if not one.order_id}
        for one in self.unconfirmed:
            if one.order_id:
                by_venue[one.venue] = by_venue.get(one.venue, 0) + 1
        said = [f"{count} not confirmed on {venue}" for venue, count in sorted(by_venue.items())]
        said += [f"{venue} did not answer" for venue in sorted(silent - by_venue.keys())]
        return f"; {', '.join(said)}" if said else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
