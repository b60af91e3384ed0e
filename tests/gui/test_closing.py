"""What a trader is told before closing over working orders is true in every mode."""

from __future__ import annotations

from core.domain.enums import ExecutionStrategy
from core.domain.orders import ParentStatus
from gui.closing import closing_question, leave_label
from tests.gui.fakes import parent

RESTING = parent(1)
TWAP = parent(2, strategy=ExecutionStrategy.TWAP)
STOP = parent(3, status=ParentStatus.WAITING_TRIGGER)


def test_simulated_orders_end_with_the_program() -> None:
    for mode in ("demo", "replay", "paper"):
        assert closing_question(mode, [RESTING, TWAP]) == "2 orders are still working. They are simulated and will end with the program."
        assert leave_label(mode) == "Close anyway"


def test_what_rests_on_an_exchange_stays_there() -> None:
    assert closing_question("live", [RESTING]) == "LIVE: 1 order is still working. What rests on the exchanges stays there and can fill."
    assert leave_label("live") == "Leave and close"


def test_a_schedule_and_a_trigger_stop_with_the_program_even_live() -> None:
    said = closing_question("live", [RESTING, TWAP, STOP])
    assert said.endswith("TWAP will send nothing more, triggers are not watched until Fathom runs again.")
    assert closing_question("live", [STOP]).endswith("Triggers are not watched until Fathom runs again.")
