"""What becomes of working orders when the program ends, in the words of each mode. Qt-free.

Only what rests on a real exchange outlives the program. A simulated order lives inside it, and a schedule
or a trigger, simulated or not, is this program doing something at the right moment.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.orders import OrderSnapshot, ParentStatus
from gui.modes import SIMULATED, look_of


def closing_question(mode: str, orders: Iterable[OrderSnapshot]) -> str:
    """What to say before closing over these working parents, and what closing would do to them."""
    working = list(orders)
    one = len(working) == 1
    count = "1 order is still working" if one else f"{len(working)} orders are still working"
    if shout := look_of(mode).shout:
        count = f"{shout}: {count}"
    if mode in SIMULATED:
        return f"{count}. {'It is' if one else 'They are'} simulated and will end with the program."
    kept, watched = "What rests on the exchanges stays there and can fill.", _watched(working)
    return f"{count}. {kept}" + (f" {watched} until Fathom runs again." if watched else "")


def _watched(orders: list[OrderSnapshot]) -> str:
    """What of `orders` happens only while the program runs; empty when nothing does."""
    names = [order.strategy.label for order in orders if order.strategy is not None and order.strategy.works_over_time]
    stopped = f"{' and '.join(dict.fromkeys(names))} will send nothing more" if names else ""
    waiting = any(order.status is ParentStatus.WAITING_TRIGGER for order in orders)
    unwatched = "triggers are not watched" if waiting else ""
    said = ", ".join(filter(None, (stopped, unwatched)))
    return said[:1].upper() + said[1:]


def leave_label(mode: str) -> str:
    """The button that closes without cancelling."""
    return "Close anyway" if mode in SIMULATED else "Leave and close"
