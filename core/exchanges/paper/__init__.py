"""The paper venue: orders matched locally against a feed, so that nothing real is ever sent.

A feed supplies the market (`feed.py` is the protocol): `replay_feed.py` plays recordings, `synthetic.py`
makes a market up. The connector matches our orders on its own copy of the book. May import `core.market`
and `core.domain`. Start with `feed.py`, then `replay_feed.py`.
"""
