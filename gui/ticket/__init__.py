"""The order ticket: what a trader asks for, what would happen, and the one button that sends it.

The words and numbers are Qt-free (`model.py`, `grid.py`, `fields.py`, `preview.py`, `caution.py`) and tested without
a screen; the widgets around them only show them. May import `core.domain`, `core.strategies.params`, `core.desk`.
Start with `model.py`, then `widget.py`.
"""
