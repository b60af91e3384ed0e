"""The durable record: no order leaves before its intent is committed here.

May import `core.domain`. Start with `journal.py` (the promise), then `store.py` (the file).
"""
