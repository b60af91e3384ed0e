"""`make install` finds a Python that works, says so when there is none, and survives being interrupted.

The interpreters here are small scripts that play a Python: nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Answers what install.sh asks: the version, ensurepip, `-m venv` (which copies this script), pip.
FAKE_PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >>"$LOG"
case "$*" in
    *version_info*) exit {in_range} ;;
    *ensurepip*) exit {ensurepip} ;;
    --version) echo "Python 3.x" ;;
    "-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo "#!$PWD/.venv/bin/python" >.venv/bin/pip ;;
    "-m pip"*) exit {pip} ;;
esac
"""


class Place:
    """A checkout with the files that installing needs, and a PATH of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bin = directory / "bin"
        self.log = directory / "log"
        self.stamp = directory / ".venv" / ".installed"
        self.bin.mkdir(parents=True)
        (directory / ".ci").mkdir()
        for name in (".ci/install.sh", "Makefile", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, directory / name)
        for tool in ("sh", "make", "cat", "cp", "mkdir", "basename", "dirname", "head", "grep", "rm", "awk"):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def has(self, name: str, *, in_range: bool = True, ensurepip: bool = True, pip: bool = True) -> None:
        """Put an interpreter on the PATH."""
        path = self.bin / name
        path.write_text(FAKE_PYTHON.format(in_range=int(not in_range), ensurepip=int(not ensurepip), pip=int(not pip)))
        path.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "LOG": str(self.log), "HOME": str(self.directory / "nowhere")}
        self.log.write_text("")
        return subprocess.run(
            ["make", *arguments], cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    @property
    def calls(self) -> str:
        return self.log.read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "checkout")


def test_installs_the_pinned_versions_with_their_hashes(place: Place) -> None:
    place.has("python3")
    result = place.make("install")
    assert result.returncode == 0, result.stderr
    assert "--require-hashes" in place.calls
    assert "-r requirements.lock" in place.calls
    assert "--no-deps --no-build-isolation --editable ." in place.calls


def test_the_second_time_does_nothing(place: Place) -> None:
    place.has("python3")
    place.make("install")
    assert place.make("install").returncode == 0
    assert place.calls == ""


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_installs_again_when_the_versions_change(changed: str, place: Place) -> None:
    place.has("python3")
    place.make("install")
    later = place.stamp.stat().st_mtime + 10
    os.utime(place.directory / changed, (later, later))
    place.make("install")
    assert "-r requirements.lock" in place.calls
    # Repaired in place, not made anew.
    assert "-m venv" not in place.calls


def test_an_interrupted_installation_leaves_no_stamp_and_is_made_again(place: Place) -> None:
    place.has("python3", pip=False)
    assert place.make("install").returncode != 0
    assert not place.stamp.exists()
    place.has("python3")
    assert place.make("install").returncode == 0
    assert "-m venv --clear .venv" in place.calls
    assert place.stamp.exists()


def test_a_checkout_that_was_moved_is_installed_again(place: Place, tmp_path: Path) -> None:
    place.has("python3")
    place.make("install")
    moved = tmp_path / "moved"
    place.directory.rename(moved)
    place.directory, place.bin, place.log = moved, moved / "bin", moved / "log"
    assert place.make("install").returncode == 0
    assert "-m venv --clear .venv" in place.calls


@pytest.mark.parametrize("newer", ["python3.11", "python3.12", "python3.13"])
def test_an_old_python3_is_passed_over_for_a_newer_one(newer: str, place: Place) -> None:
    place.has("python3", in_range=False)
    place.has(newer)
    assert place.make("install").returncode == 0
    assert f"{newer} -m venv" in place.calls


def test_a_python_without_venv_is_passed_over_for_one_that_has_it(place: Place) -> None:
    place.has("python3", ensurepip=False)
    place.has("python3.12")
    assert place.make("install").returncode == 0
    assert "python3.12 -m venv" in place.calls


@pytest.mark.parametrize(("name", "package"), [("python3", "python3-venv"), ("python3.12", "python3.12-venv")])
def test_a_python_without_venv_names_the_package(name: str, package: str, place: Place) -> None:
    place.has(name, ensurepip=False)
    result = place.make("install")
    assert result.returncode != 0
    assert f"sudo apt-get install {package}\n" in result.stderr
    assert not (place.directory / ".venv").exists()


def test_no_python_at_all_is_one_clear_sentence(place: Place) -> None:
    place.has("python3", in_range=False)
    result = place.make("install")
    assert result.returncode != 0
    assert "Fathom needs Python 3.11, 3.12 or 3.13, and none was found on the PATH." in result.stderr
    assert not (place.directory / ".venv").exists()


def test_the_trader_may_name_the_python(place: Place) -> None:
    place.has("python3")
    place.has("mine")
    assert place.make("install", f"PYTHON={place.bin / 'mine'}").returncode == 0
    assert "mine -m venv" in place.calls


def test_a_named_python_that_does_not_fit_is_refused(place: Place) -> None:
    place.has("python3")
    place.has("old", in_range=False)
    result = place.make("install", f"PYTHON={place.bin / 'old'}")
    assert result.returncode != 0
    assert "is not a working Python from 3.11 to 3.13." in result.stderr
