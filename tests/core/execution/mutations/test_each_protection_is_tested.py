"""Switch off one protection, and a named test must fail. It passes with the protection on, or its failure would mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.execution.mutations.protections import PROTECTIONS, Protection
from tests.core.execution.mutations.running import run, verdict


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.without.replace(" ", "-"))
async def test_without_it_a_named_test_fails(protection: Protection, tmp_path: Path) -> None:
    await run(protection, tmp_path / "with")
    assert await verdict(protection, tmp_path / "without"), f"{protection.killer} did not notice: {protection.without}"
