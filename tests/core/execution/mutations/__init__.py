"""Each protection of the rule of no loss, switched off in turn: a test that stays green without one proves nothing.

`protections.py` is the table: how each is switched off, and which named test must fail then. Where to start reading: there.
`python -m tests.core.execution.mutations` prints it with what happened.
"""
