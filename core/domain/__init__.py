"""The words of the house: orders and their transition tables, instruments, market messages, plans, errors, time.

Imports nothing else of ours. Start with `orders.py`, then `market.py` and `plan.py`.
"""
