"""The blotter: parent and child orders, fills, and what there was to say.

Wording and numbers are Qt-free (`wording.py`, `rows.py`); the models keep what they were told and never reset, so
that selection, scroll and focus survive every update. May import `core.domain` and `core.desk`.
Start with `rows.py`, then `orders_model.py`, then `widget.py`.
"""
