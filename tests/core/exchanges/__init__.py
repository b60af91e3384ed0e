"""The paper venue and its synthetic market, on a simulated clock. Start with `paper_desk.py`, the bench they all use."""
