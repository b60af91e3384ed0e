"""Fathom's engine: everything but the window. Knows no Qt.

What a script needs is exported here and loaded on first use, so that `import core` stays cheap:
the window shows before numpy is imported. Start reading at `core.desk.desk`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.desk.desk import Desk, open_desk
    from core.desk.settings import Settings
    from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
    from core.domain.errors import FathomError
    from core.domain.plan import ExecutionRequest, Plan
    from core.execution.engine import ExecutionEngine
    from core.execution.manager import OrderManager
    from core.execution.order import Order
    from core.market.store import OrderBooks

_HOME = {
    "Desk": "core.desk.desk",
    "open_desk": "core.desk.desk",
    "Settings": "core.desk.settings",
    "ExecutionStrategy": "core.domain.enums",
    "OrderSide": "core.domain.enums",
    "OrderType": "core.domain.enums",
    "TimeInForce": "core.domain.enums",
    "FathomError": "core.domain.errors",
    "ExecutionRequest": "core.domain.plan",
    "Plan": "core.domain.plan",
    "ExecutionEngine": "core.execution.engine",
    "OrderManager": "core.execution.manager",
    "Order": "core.execution.order",
    "OrderBooks": "core.market.store",
}

__all__ = [
    "Desk",
    "ExecutionEngine",
    "ExecutionRequest",
    "ExecutionStrategy",
    "FathomError",
    "Order",
    "OrderBooks",
    "OrderManager",
    "OrderSide",
    "OrderType",
    "Plan",
    "Settings",
    "TimeInForce",
    "open_desk",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
