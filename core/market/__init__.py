"""Books as they are now: one venue's, the store of all, the merged depth, and recordings of them.

May import `core.domain`. Start with `book.py`, then `store.py` and `depth.py`.
"""
