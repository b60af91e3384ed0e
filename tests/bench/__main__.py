"""Runs every bench, each in a process of its own: one's garbage and warm caches are not another's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run them in order of their names; the exit code is the first failure's."""
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        print(f"== {path.stem}", flush=True)
        result = subprocess.run([sys.executable, "-m", f"tests.bench.{path.stem}"], check=False)
        if result.returncode:
            return result.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
