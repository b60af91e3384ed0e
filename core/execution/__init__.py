"""Carrying plans out: the order manager (only owner of order state), the engine, the algo worker, the risk gate.

May import strategies, exchanges, market, journal and domain. Start with `engine.py`, then `manager.py`.
"""
