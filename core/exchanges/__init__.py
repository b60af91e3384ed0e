"""Venues: the connector protocol, and the paper venue with its feeds.

May import `core.market` and `core.domain`. Start with `connector.py`, then `paper/`.
"""
