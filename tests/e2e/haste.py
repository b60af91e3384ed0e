"""The desk's patience with exchanges, shortened: what takes a minute of a trader's day takes seconds here.

On real sockets time is the wall's and can't be advanced. What is shortened keeps its order: an answer is given up before the
request can no longer arrive, and that comes before anybody concludes from an empty look-up that it has not.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from core.desk import connections, watchdog
from core.domain.clock import MICROSECONDS
from core.exchanges.ccxt import account_stream, making, market_loader, outcomes
from core.execution import algo_state, evidence, reconcile, sending

# How long an answer is waited for, and when after it was sent a request that hangs arrives nevertheless.
ANSWER_S = 1.0
LATE_S = 1.5

_SHORTER: tuple[tuple[ModuleType, str, object], ...] = (
    (making, "TIMEOUT_MS", round(ANSWER_S * 1000)),
    (making, "KEEP_ALIVE_MS", 1_500),
    (evidence, "ARRIVAL_WINDOW_US", 3 * MICROSECONDS // 2),
    (evidence, "SLOWEST_LOOK_S", 0.5),
    (evidence, "QUARANTINE_LOOK_S", 2.0),
    (reconcile, "IMMEDIATE_US", MICROSECONDS),
    (reconcile, "FIRST_US", MICROSECONDS),
    (reconcile, "EVERY_US", 3 * MICROSECONDS),
    (reconcile, "RETRY_US", MICROSECONDS),
    (sending, "CONFIRM_S", 0.5),
    (sending, "FIRST_PAUSE_US", MICROSECONDS // 4),
    (sending, "LONGEST_PAUSE_US", MICROSECONDS),
    (algo_state, "UNREACHABLE_US", MICROSECONDS),
    (algo_state, "REFUSED_US", 2 * MICROSECONDS),
    (connections, "FIRST_PAUSE_S", 0.25),
    (connections, "LONGEST_PAUSE_S", 1.0),
    (connections, "REFUSED_PAUSE_S", 1.0),
    (watchdog, "PATIENCE_US", MICROSECONDS),
    (watchdog, "LONGEST_US", 4 * MICROSECONDS),
    (account_stream, "LONGEST_PAUSE_S", 1.0),
    (outcomes, "_BANNED_S", 1.0),  # Bybit's ten minutes
    # A process for each list of markets is tested elsewhere, and would take most of the time here.
    (market_loader, "load_elsewhere", market_loader.load_here),
)


def hurry(change: Callable[[ModuleType, str, object], None] = setattr) -> None:
    """Shorten everything, with `monkeypatch.setattr`; for good in a process of its own."""
    for module, name, value in _SHORTER:
        assert hasattr(module, name), f"{module.__name__} has no {name} any more"
        change(module, name, value)
