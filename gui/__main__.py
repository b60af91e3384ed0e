"""`python -m gui` and the `fathom` command, with a window or (`fathom report`) without.

Only argparse is imported before the arguments are known to be good, and only Qt before the window
is on the screen: `bootstrap` has the order.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

_INTERRUPTED = 130  # what a shell expects


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; the exit code is 0 after a clean close."""
    started_s = time.perf_counter()
    from gui.commands import COMMANDS, run_command

    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments and arguments[0] in COMMANDS:
        return run_command(arguments[0], arguments[1:])
    from gui.cli import parse

    options = parse(arguments)
    if options.screenshot is not None:
        # A picture needs no screen, and with one it should not flash over the trader's work.
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from gui.qt_libraries import explain_missing

    if (missing := explain_missing()) is not None:
        print(missing, file=sys.stderr)
        return 1
    try:
        from gui.bootstrap import run
    except ImportError as error:
        print(f"fathom: Qt could not be loaded: {error}.", file=sys.stderr)
        return 1
    try:
        return run(options, started_s)
    except KeyboardInterrupt:  # in the first moments, before the loop looks after Ctrl-C
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
