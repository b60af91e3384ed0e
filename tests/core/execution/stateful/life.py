"""A process's life, counted in moments: a line of the journal, a commit, an event, a request, an answer. It may end at any of them."""

from __future__ import annotations

from typing import final


@final
class Life:
    """Of one process.

    Attributes:
        moments: lived so far.
        over: it does, sends, writes and hears nothing more.
    """

    def __init__(self) -> None:
        self.moments = 0
        self.over = False
        self._ends_at: int | None = None

    def end_in(self, moments: int) -> None:
        """Die so many moments from now; 0 is at once."""
        if moments:
            self._ends_at = self.moments + moments
        else:
            self.over = True

    def go_on(self) -> None:
        """It is not to end after all, unless it has."""
        self._ends_at = None

    def moment(self) -> None:
        """One more, and perhaps the last."""
        if not self.over:
            self.moments += 1
            self.over = self.moments == self._ends_at
