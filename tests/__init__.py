"""What Fathom promises, as sentences. `core/` and `gui/` mirror the code.

`contract/` is one suite that every connector passes, `e2e/` runs the whole program, `bench/` measures.
`test_ground_*.py` prove the ground itself: layers, lint, installation. Start with `conftest.py`.
"""
