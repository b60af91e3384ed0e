"""What each mode allows at first, and where the trader's own limits are kept: one JSON file per mode, beside that mode's journal.

A file that can't be read does not stop the desk, and it never loosens anything in silence: the mode's defaults apply, and the
trader is told. It is kept aside and not written over, because somebody may want to know what was in it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import final

from pydantic import ValidationError

from core.domain.errors import BadRequest, FathomError
from core.execution.risk.limits import RiskLimits

__all__ = ["LimitsFile", "RiskLimits", "default_limits"]

log = logging.getLogger(__name__)

FILE_NAME = "limits.json"

# Nobody loses anything: wide enough to be met only on purpose.
_PLAY = RiskLimits(
    max_order_notional=Decimal(10_000_000),
    max_parent_notional=Decimal(50_000_000),
    price_collar_bps=Decimal(3_000),
    max_open_per_venue=200,
    max_open=1_000,
    max_orders_per_second=100,
    max_orders_per_minute=3_000,
    duplicate_window_s=0.0,
)
# Real books and simulated money: sizes for trying out, but a slip is caught as it would be live.
_PAPER = RiskLimits(
    max_order_notional=Decimal(1_000_000),
    max_parent_notional=Decimal(5_000_000),
    price_collar_bps=Decimal(500),
    max_open_per_venue=100,
    max_open=500,
    max_orders_per_second=20,
    max_orders_per_minute=600,
    duplicate_window_s=2.0,
)
# A sandbox's book is thin and often far off the market, so only the collar is wide; all else is as live, to be practised with.
_TESTNET = RiskLimits(price_collar_bps=Decimal(1_000))
# The model's own, spelled out because here they are the promise. 50,000 quote is far more than one click usually sends, and what one
# zero too many turns 5,000 into; 200 bps is past any spread worth crossing in a liquid market; ten seconds are longer than it takes
# to click or to call twice by mistake. Money is counted in the symbol's quote: of a pair quoted in BTC 50,000 is no limit, so set one.
_LIVE = RiskLimits(
    max_order_notional=Decimal(50_000),
    max_parent_notional=Decimal(250_000),
    price_collar_bps=Decimal(200),
    max_open_per_venue=20,
    max_open=100,
    max_orders_per_second=10,
    max_orders_per_minute=120,
    duplicate_window_s=10.0,
)
_DEFAULTS = MappingProxyType({"demo": _PLAY, "replay": _PLAY, "paper": _PAPER, "testnet": _TESTNET, "live": _LIVE})


def default_limits(mode: str) -> RiskLimits:
    """What `mode` begins with; the tightest for a mode that nobody knows."""
    return _DEFAULTS.get(mode, _LIVE)


@final
class LimitsFile:
    """One mode's limits on the disk.

    Args:
        folder: of the mode; None keeps nothing.
        mode: whose defaults apply when nothing is saved.

    Attributes:
        complaint: why the saved limits do not apply, one sentence; empty when they do, or there are none.
    """

    def __init__(self, folder: Path | None, mode: str) -> None:
        self.complaint = ""
        self._mode = mode
        self._path = folder / FILE_NAME if folder is not None else None

    def load(self) -> RiskLimits:
        """The saved limits, or the mode's defaults."""
        if self._path is None or not self._path.exists():
            return default_limits(self._mode)
        try:
            return RiskLimits.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            log.warning("the saved limits can't be used: %s", error)
            self.complaint = (
                f"The saved risk limits can't be read; the defaults of {self._mode} apply. The file is kept as {self._aside()}."
            )
            return default_limits(self._mode)

    def save(self, limits: RiskLimits) -> None:
        """Replace the file in one step, so that a crash leaves the old one.

        Raises:
            FathomError: they apply now, but will be forgotten at the end.
        """
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".tmp")
            draft.write_text(limits.model_dump_json(indent=1), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            raise FathomError("The limits apply now, but could not be saved for the next time.", detail=error) from error

    def _aside(self) -> str:
        """Move a damaged file out of the way of the next save."""
        assert self._path is not None
        kept = self._path.with_suffix(".damaged.json")
        try:
            self._path.replace(kept)
        except OSError as error:
            log.warning("the damaged limits could not be kept aside: %s", error)
            return self._path.name
        return kept.name


def check_limits(values: Mapping[str, object]) -> RiskLimits:
    """Limits from the fields of a form.

    Raises:
        BadRequest: one sentence, without the model's jargon.
    """
    try:
        return RiskLimits.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        field = RiskLimits.model_fields.get(name)
        title = f"{field.title}: " if field is not None and field.title else ""
        raise BadRequest(f"{title}{first['msg']}.", detail=error) from None
