"""The command line: parsed before Qt is imported, so that a typing mistake costs no window.

What can be checked without opening anything is checked here. Every mistake is one sentence on
stderr and exit code 2; argparse's usage block is left out, `--help` has it. No argument confirms live trading:
that is asked in the window, at every start.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, cast

from gui.commands import COMMANDS

MODES = ("demo", "replay", "paper", "testnet", "live")

LOG_LEVELS = ("debug", "info", "warning", "error")

ModeName = Literal["demo", "replay", "paper", "testnet", "live"]


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line.

    Attributes:
        speed: of a replay: 1.0 is real time, 'max' as fast as the data can be read.
        screenshot: render the window to this file and exit.
        after: seconds of live desk before the screenshot.
        size: width and height of the screenshot in pixels.
        profile: directory of journal, layout and logs; None: the system's own places (in demo and replay no journal).
        timings: print when the window was visible and when the first depth was drawn.
    """

    mode: ModeName = "demo"
    replay: tuple[Path, ...] = ()
    speed: float | Literal["max"] = 1.0
    symbol: str = "BTC/USDT"
    venues: tuple[str, ...] = ()
    seed: int = 7
    profile: Path | None = None
    screenshot: Path | None = None
    after: float = 5.0
    size: tuple[int, int] = (1920, 1080)
    theme: Literal["dark", "light"] | None = None
    log_level: str = "info"
    timings: bool = False


class Parser(argparse.ArgumentParser):
    """Says a mistake in one sentence."""

    def error(self, message: str) -> NoReturn:
        sentence = message[0].upper() + message[1:]
        self.exit(2, f"fathom: {sentence.rstrip('.')}.\n")


def parse(argv: Sequence[str] | None = None) -> Options:
    """`argv` (None: the process's own) as options.

    Raises:
        SystemExit: 2 after one sentence about what is wrong; 0 after --help or --version.
    """
    parser = _parser()
    given = parser.parse_args(argv)
    if given.version:
        sys.stdout.write(f"fathom {_version()}\n")
        parser.exit()
    _check(parser, given)
    return Options(
        mode=cast(ModeName, given.mode or ("replay" if given.replay else "demo")),
        replay=tuple(given.replay),
        speed=given.speed,
        symbol=given.symbol,
        venues=given.venues,
        seed=given.seed,
        profile=given.profile,
        screenshot=given.screenshot,
        after=given.after,
        size=given.size,
        theme=given.theme,
        log_level=given.log_level,
        timings=given.timings,
    )


_MODES_HELP = (
    "demo (default: a synthetic market, no network, no keys), replay (recordings), paper (the exchanges' live data, simulated fills), "
    "testnet (their sandboxes, with keys) or live (real money, asked at every start)"
)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="fathom",
        description="A desktop terminal for executing by hand across several crypto exchanges.",
        epilog=_commands(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--mode", metavar="MODE", help=_MODES_HELP)
    add("--replay", metavar="FILE", nargs="+", type=Path, default=[], help="recordings to play together")
    add("--speed", metavar="N", type=_speed, default=1.0, help="of a replay: 1 is real time, N times faster, or 'max': all of it at once")
    add("--symbol", metavar="BASE/QUOTE", type=symbol_of, default="BTC/USDT", help="what the window opens on (default BTC/USDT)")
    add("--venues", metavar="A,B", type=names_of, default=(), help="venues to open (default: all that the mode offers)")
    add("--seed", metavar="N", type=int, default=7, help="of the synthetic market: the same seed is the same market")
    add("--profile", metavar="DIR", type=Path, help="where journal, layout and logs are kept")
    add("--screenshot", metavar="FILE", type=Path, help="render the window to a picture and exit")
    add("--after", metavar="SECONDS", type=seconds_of, default=5.0, help="of live desk before the screenshot (default 5)")
    add("--size", metavar="WxH", type=_size, default=(1920, 1080), help="of the screenshot (default 1920x1080)")
    add("--theme", choices=("dark", "light"), help="overrides the one chosen in the View menu")
    add("--log-level", choices=LOG_LEVELS, default="info", help="of the log file (default info)")
    add("--timings", action="store_true", help="print how long the start took")
    add("--version", action="store_true", help="print the version and exit")
    return parser


def _commands() -> str:
    heading = "commands without a window (each has its own --help):"
    return "\n  ".join([heading, *(f"{name:<8} {what}" for name, what in COMMANDS.items())])


def _check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if given.mode not in (None, *MODES):
        parser.error(f"unknown mode {given.mode!r}; there are {', '.join(MODES[:-1])} and {MODES[-1]}")
    if given.mode == "replay" and not given.replay:
        parser.error("mode replay needs recordings: --replay FILE…")
    if given.mode not in (None, "replay") and given.replay:
        parser.error(f"recordings are played with --mode replay, not --mode {given.mode}")
    for path in given.replay:
        if not path.is_file():
            parser.error(f"there is no recording {path}")
    if given.profile is not None and given.profile.exists() and not given.profile.is_dir():
        parser.error(f"the profile {given.profile} is not a directory")
    if given.screenshot is not None:
        if given.screenshot.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
            parser.error(f"the screenshot {given.screenshot} must end in .png, .jpg or .webp")
        if not given.screenshot.absolute().parent.is_dir():
            parser.error(f"there is no directory {given.screenshot.parent} for the screenshot")


def _speed(text: str) -> float | str:
    if text == "max":
        return text
    return _number(text, low=0.01, high=10_000, what="a speed is 'max' or a number from 0.01 to 10,000")


def seconds_of(text: str) -> float:
    return _number(text, low=0.0, high=86_400, what="seconds are a number from 0 to 86,400")


def _number(text: str, *, low: float, high: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{what}, not {text!r}")
    return number


def symbol_of(text: str) -> str:
    base, slash, quote = text.upper().partition("/")
    if not (slash and base.isalnum() and quote.isalnum()):
        raise argparse.ArgumentTypeError(f"a symbol looks like BTC/USDT, not {text!r}")
    return f"{base}/{quote}"


def names_of(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("name at least one venue, as in binance_spot,okx_spot")
    return names


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and 640 <= int(width) <= 8192 and 480 <= int(height) <= 8192):
        raise argparse.ArgumentTypeError(f"a size looks like 1920x1080 (at least 640x480), not {text!r}")
    return int(width), int(height)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # 40 ms that only --version should cost

    try:
        return version("fathom")
    except PackageNotFoundError:
        return "(run from its source, not installed)"
