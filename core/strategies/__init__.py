"""How a parent is cut into children: pure planners, their parameters, and the registry of both.

Nothing here awaits, sends or reads a clock. May import `core.market` and `core.domain`.
Start with `base.py`, then `price_optimized.py`.
"""
