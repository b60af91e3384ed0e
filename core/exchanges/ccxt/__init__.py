"""Real exchanges: every venue that ccxt.pro knows, spot and linear perps, behind the connector protocol.

Inside this room `import ccxt` means the library. It costs a second and 114 MB, so it is never imported while a module is:
`clients.py` does it in a worker thread once somebody opens an exchange. What ccxt hands out is alive (it changes under
your hands at the next await) and made of floats; both end here. May import `core.market` and `core.domain`.
Start with `connector.py`, then `books.py` for the market's side and `trading.py` for ours.
"""
