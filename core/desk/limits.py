"""Where the trader's limits are kept: one JSON file per mode, beside that mode's journal.

A file that can't be read does not stop the desk, and it never loosens anything in silence: the mode's defaults apply, and the
trader is told. It is kept aside and not written over, because somebody may want to know what was in it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import final

from pydantic import ValidationError

from core.domain.errors import BadRequest, FathomError
from core.execution.risk.limits import RiskLimits, default_limits

__all__ = ["LimitsFile", "RiskLimits", "default_limits"]

log = logging.getLogger(__name__)

FILE_NAME = "limits.json"


@final
class LimitsFile:
    """One mode's limits on the disk.

    Args:
        profile: the profile directory; None keeps nothing.

    Attributes:
        complaint: why the saved limits do not apply, one sentence; empty when they do, or there are none.
    """

    def __init__(self, profile: Path | None, mode: str) -> None:
        self.complaint = ""
        self._mode = mode
        self._path = profile / mode / FILE_NAME if profile is not None else None

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
