"""The risk gate: what a local limit may forbid before anything leaves, and nothing else. A cancel is never asked here.

May import the manager's records and the books, and sends nothing but questions about balances. Start reading at `gate.py`.
"""
