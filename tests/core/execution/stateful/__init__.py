"""Random parents on faulty venues, crashed and restarted at random, with thirteen invariants looked at after every step.

`invariants.py` says what must hold, one function each; `machine.py` what may happen; `world.py` holds the venues, whose truth
is never touched by what they tell, and the desk that trades on them. `test_*.py` run themes of the machine in CI, and
`python -m tests.core.execution.stateful --examples 50000 --seed 1` as many examples as one has time for.
"""
