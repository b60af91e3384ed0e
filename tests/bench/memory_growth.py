"""Does the window grow while it only watches? The program on an emulated feed of four venues, its memory sampled from outside.

    python -m tests.bench.memory_growth --minutes 60

Growth per hour is the slope of a straight line through the samples after the warm-up: one late allocation does not pass for a leak. Linux
only: the resident size is read from /proc.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

VENUES = "binance_spot,binance_perp,bybit_spot,bybit_perp"
EVERY_S = 20.0
# Books fill, caches and chart histories reach their bounds.
WARM_UP_SHARE = 0.25
# Whether growth levels off is seen in parts of the time.
PARTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of the window over time, on an emulated feed.")
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    with TemporaryDirectory() as folder:
        emulator = subprocess.Popen(
            [sys.executable, "-m", "tests.emulator", "--port", "0", "--ca", f"{folder}/ca.pem"], stdout=subprocess.PIPE, text=True
        )
        assert emulator.stdout is not None
        address = emulator.stdout.readline().split('"')[1]
        environment = {**os.environ, "FATHOM_EMULATOR": address, "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, "-m", "gui", "--mode", "paper", "--venues", VENUES, "--profile", f"{folder}/profile"]
        window = subprocess.Popen(command, env=environment)
        try:
            samples = _watch(window, minutes * 60)
        finally:
            for process in (window, emulator):
                process.terminate()
                process.wait(timeout=30)
    _report(samples)


def _watch(window: subprocess.Popen[bytes], seconds: float) -> list[tuple[float, float]]:
    """(seconds since the start, resident MB), until the time is over."""
    started, samples = time.monotonic(), list[tuple[float, float]]()
    while (passed := time.monotonic() - started) < seconds:
        if window.poll() is not None:
            raise SystemExit(f"The window ended with {window.returncode} after {passed:.0f} s.")
        samples.append((passed, _resident_mb(window.pid)))
        time.sleep(EVERY_S)
    return samples


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _report(samples: list[tuple[float, float]]) -> None:
    at_s, mb = np.array(samples).T
    steady = at_s >= at_s[-1] * WARM_UP_SHARE
    slope, _ = np.polyfit(at_s[steady] / 3_600, mb[steady], 1)
    print(f"{at_s[-1] / 60:.0f} min: {mb[steady][0]:.1f} MB after the warm-up, {mb[-1]:.1f} MB at the end; growth {slope:+.1f} MB per hour")
    for part in np.array_split(np.arange(len(at_s)), PARTS):
        slope, _ = np.polyfit(at_s[part] / 3_600, mb[part], 1)
        print(f"  minutes {at_s[part][0] / 60:.0f} to {at_s[part][-1] / 60:.0f}: {mb[part].mean():.1f} MB, {slope:+.1f} MB per hour")


if __name__ == "__main__":
    main()
