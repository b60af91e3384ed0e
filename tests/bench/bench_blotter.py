"""What the blotter costs with 500 parents of 20 children at 200 updates a second: `python -m tests.bench.bench_blotter`.

The real widget, expanded and on (offscreen) screen, is told ten batches of twenty changes, as the bridge would in one
second, and painted after each. Prints a markdown row; the sum must stay far under a second.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from gui.blotter.orders_model import OrdersModel
from gui.blotter.orders_view import OrdersView
from gui.blotter.rows import DigitsOf
from gui.icons import Icons
from gui.theme import Theme
from tests.gui.fakes import child, filled, instruments, parent

_PARENTS, _CHILDREN = 500, 20
_BATCHES_PER_S, _UPDATES = 10, 20
_SECONDS = 10


def main() -> None:
    """Print one row."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme = Theme()
    theme.apply(app)
    model = OrdersModel(DigitsOf(instruments), theme)
    view = OrdersView(model, theme, Icons(theme))
    view.resize(1360, 320)
    view.show()
    parents = [parent(number) for number in range(_PARENTS)]
    orders = [*parents, *(child(one, number + 1) for one in parents for number in range(_CHILDREN))]
    started_s = perf_counter()
    model.tell(orders)
    view.expandAll()
    app.processEvents()
    seed_ms = (perf_counter() - started_s) * 1000
    chosen = random.Random(7)
    batches_ms = []
    for step in range(_SECONDS * _BATCHES_PER_S):
        changed = {order.id: filled(order, order.amount * step / 1000) for order in chosen.sample(orders, _UPDATES)}
        # What is in view changes too: the newest order works while the trader watches.
        newest = filled(parents[-1], parents[-1].amount * step / 1000)
        started_s = perf_counter()
        model.tell([*changed.values(), newest] if newest.id not in changed else changed.values())
        app.processEvents()
        batches_ms.append((perf_counter() - started_s) * 1000)
    batches_ms.sort()
    share = statistics.mean(batches_ms) * _BATCHES_PER_S / 10
    sys.stdout.write(
        "| parents × children | updates/s | seed ms | batch ms p50 | batch ms p99 | of one core |\n|---|---|---|---|---|---|\n"
    )
    figures = f"{statistics.median(batches_ms):.1f} | {batches_ms[int(len(batches_ms) * 0.99)]:.1f} | {share:.1f} %"
    sys.stdout.write(f"| {_PARENTS} × {_CHILDREN} | {_BATCHES_PER_S * _UPDATES} | {seed_ms:.0f} | {figures} |\n")
    view.close()


if __name__ == "__main__":
    main()
