"""Where the recorded market data is, which is shared by several projects and not part of this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"

SPOT = "2024-08-08.binance_spot.BTC-USDT.jsonl.gz"
PERP = "2024-08-08.binance_perp.BTC-USDT.jsonl.gz"
COMPOSITE = "composite.10-venues.BTC-USDT.jsonl.gz"


def recording(name: str) -> Path:
    """The path of a recording. Where there is none the test is skipped, but under CI it fails: nobody would notice."""
    path = RECORDINGS / name
    if not path.exists():
        missing = f"the recording ../shared/recordings/{name} is not here"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
