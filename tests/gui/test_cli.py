"""A typing mistake costs one sentence, never a window and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.cli import parse
from gui.commands import COMMANDS


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--mode", "nonsense"], "there are demo, replay, paper, testnet and live"),
        (["--mode", "live", "--replay", __file__], "played with --mode replay, not --mode live"),
        (["--mode", "replay"], "needs recordings"),
        (["--mode", "replay", "--replay", "missing.jsonl.gz"], "there is no recording missing.jsonl.gz"),
        (["--speed", "fast"], "a speed is 'max' or a number"),
        (["--speed", "nan"], "a speed is 'max' or a number"),
        (["--speed", "-1"], "a speed is 'max' or a number"),
        (["--symbol", "BTCUSDT"], "a symbol looks like BTC/USDT"),
        (["--venues", ","], "at least one venue"),
        (["--size", "huge"], "a size looks like 1920x1080"),
        (["--after", "soon"], "seconds are a number"),
        (["--screenshot", "picture.txt"], "must end in .png"),
        (["--screenshot", "nowhere/picture.png"], "no directory nowhere"),
        (["--profile", __file__], "is not a directory"),
        (["--seed", "x"], "invalid int value"),
        (["--unknown"], "unrecognized arguments"),
    ],
)
def test_a_bad_argument_is_one_sentence_and_exit_code_2(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(arguments)
    error = capsys.readouterr().err
    assert exit_.value.code == 2
    assert says in error.lower() or says in error
    assert error.count("\n") == 1


def test_recordings_alone_mean_replay(tmp_path: Path) -> None:
    recording = tmp_path / "a.jsonl.gz"
    recording.touch()
    options = parse(["--replay", str(recording), "--speed", "max", "--venues", "binance_spot, okx_spot", "--symbol", "eth/usdt"])
    assert (options.mode, options.replay, options.speed) == ("replay", (recording,), "max")
    assert (options.venues, options.symbol) == (("binance_spot", "okx_spot"), "ETH/USDT")


def test_demo_does_not_play_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "a.jsonl.gz"
    recording.touch()
    with pytest.raises(SystemExit):
        parse(["--mode", "demo", "--replay", str(recording)])
    assert "--mode replay" in capsys.readouterr().err


def test_without_arguments_it_is_the_demo() -> None:
    options = parse([])
    assert (options.mode, options.symbol, options.speed, options.screenshot) == ("demo", "BTC/USDT", 1.0, None)


@pytest.mark.parametrize("mode", ["demo", "paper", "testnet", "live"])
def test_every_mode_can_be_asked_for(mode: str) -> None:
    assert parse(["--mode", mode]).mode == mode


def test_no_argument_can_confirm_live_trading(capsys: pytest.CaptureFixture[str]) -> None:
    for argument in ("--live-confirmed", "--yes", "--confirm"):
        with pytest.raises(SystemExit):
            parse(["--mode", "live", argument])
    assert capsys.readouterr().err.count("nrecognized") == 3


def test_help_names_the_commands_without_a_window(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in COMMANDS)


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith("fathom ")
