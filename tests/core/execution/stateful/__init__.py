"""Random parents on faulty venues, crashed and restarted at random, with thirteen invariants looked at after every step.

`invariants.py` says what must hold, one function each. `wishes.py`, `moods.py` and `troubles.py` say what may happen, and `themes.py`
mixes them. `world.py` holds the venues, whose truth is never touched by what they tell, and the desk that trades on them;
`witness.py` looks at every request before it leaves. `test_found.py` keeps what was found, `test_mutations.py` shows that the suite
can fail. The themes' tests run in CI, and `python -m tests.core.execution.stateful --examples 50000 --seed 1` as many examples as
one has time for. A seed says the same for as long as nobody changes the rules.
"""
