"""The fifteen faults that lose or double orders elsewhere, one named test each (or a few), and what must happen instead.

What counts is the venues' own truth, not what they told. `test_fault_07_…` is row 7 of the table; `tap.py` listens on the wire,
and the floor checks the rule of no loss after every event of every test. What only a real protocol can do wrong (a signature that
our clock spoils, an answer cut short) is in `tests/core/exchanges/ccxt/test_order_faults.py`.
"""
