"""What `fathom` does without a window: `fathom report`, and others named in `COMMANDS`.

A command is a module here with `main(argv) -> exit code`. It parses its arguments and says what came of it; what it does is in `core.desk`.
None of them imports Qt, so they work over a plain ssh connection.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

# Name -> what `fathom --help` says of it. The module of that name is imported only when it is called.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "record": "live order books and trades into a recording that replays",
        "report": "orders, fills and costs of a profile's journal, as CSV files",
        "doctor": "check Qt, key store, clock, exchanges and journals",
    }
)


def run_command(name: str, argv: Sequence[str]) -> int:
    """Run one of `COMMANDS`; returns the exit code.

    Raises:
        SystemExit: as argparse does, after --help or a mistake.
    """
    code: int = importlib.import_module(f"{__name__}.{name}").main(argv)
    return code
