"""Measurements, one module each: `python -m tests.bench.<name>`, or all of them with `make bench`.

The figures, and the machine they were taken on, are kept in `README.md` here.
"""
