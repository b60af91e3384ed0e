"""Qt's own dangers: the build that aborts, and a machine without the libraries under it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtCore import QObject, QTimer

from gui import qt_libraries
from gui.qt_libraries import ALWAYS, NO_SCREEN, PLATFORMS, explain_missing, missing_libraries

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n'
MINT = 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n'
FEDORA = "ID=fedora\n"
ROCKY = 'ID="rocky"\nID_LIKE="rhel centos fedora"\n'
ARCH = "ID=arch\n"
MANJARO = "ID=manjaro\nID_LIKE=arch\n"
ALPINE = "ID=alpine\n"


class Machine:
    """A machine that lacks some libraries."""

    def __init__(self, *lacks: str) -> None:
        self.lacks = lacks

    def load(self, soname: str) -> object:
        if soname in self.lacks:
            raise OSError(f"{soname}: cannot open shared object file")
        return object()


@pytest.mark.parametrize(
    ("os_release", "command"),
    [
        (DEBIAN, "sudo apt-get install libxcb-cursor0"),
        (UBUNTU, "sudo apt-get install libxcb-cursor0"),
        (MINT, "sudo apt-get install libxcb-cursor0"),
        (FEDORA, "sudo dnf install xcb-util-cursor"),
        (ROCKY, "sudo dnf install xcb-util-cursor"),
        (ARCH, "sudo pacman -S xcb-util-cursor"),
        (MANJARO, "sudo pacman -S xcb-util-cursor"),
    ],
)
def test_a_missing_library_names_the_command_that_installs_it(os_release: str, command: str) -> None:
    sentence = explain_missing("xcb", load=Machine("libxcb-cursor.so.0").load, os_release=os_release, system="linux")
    assert sentence == f"Qt can't open a window without libxcb-cursor.so.0. Install with: {command}"


@pytest.mark.parametrize("os_release", [ALPINE, "", "not a line\n'"], ids=["alpine", "empty", "damaged"])
def test_an_unknown_system_is_told_the_file_names(os_release: str) -> None:
    sentence = explain_missing("xcb", load=Machine("libEGL.so.1").load, os_release=os_release, system="linux")
    assert sentence == "Qt can't open a window without libEGL.so.1: install the packages of your system that hold them."


def test_a_package_that_holds_two_missing_libraries_is_named_once() -> None:
    machine = Machine("libEGL.so.1", "libGL.so.1")
    assert (explain_missing("offscreen", load=machine.load, os_release=ARCH, system="linux") or "").endswith("sudo pacman -S libglvnd")


def test_a_complete_machine_needs_no_advice() -> None:
    assert explain_missing(load=Machine().load, environment={"DISPLAY": ":0"}, os_release=DEBIAN, system="linux") is None


def test_without_a_screen_it_says_how_to_get_one() -> None:
    assert explain_missing(load=Machine().load, environment={}, os_release=DEBIAN, system="linux") == NO_SCREEN


@pytest.mark.parametrize("chosen", ["offscreen", "offscreen:fontconfig=1"])
def test_drawing_into_memory_needs_no_screen_and_no_xcb(chosen: str) -> None:
    machine = Machine(*(library.soname for library in (*PLATFORMS["xcb"], *PLATFORMS["wayland"])))
    assert explain_missing(load=machine.load, environment={"QT_QPA_PLATFORM": chosen}, os_release=DEBIAN, system="linux") is None


def test_with_both_screens_one_complete_platform_is_enough() -> None:
    both = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}
    assert explain_missing(load=Machine("libwayland-cursor.so.0").load, environment=both, os_release=DEBIAN, system="linux") is None
    assert explain_missing(load=Machine("libxcb-cursor.so.0").load, environment=both, os_release=DEBIAN, system="linux") is None


def test_a_wayland_screen_alone_asks_for_the_wayland_library() -> None:
    machine = Machine("libwayland-cursor.so.0")
    sentence = explain_missing(load=machine.load, environment={"WAYLAND_DISPLAY": "wayland-0"}, os_release=DEBIAN, system="linux")
    assert sentence is not None
    assert "apt-get install libwayland-cursor0" in sentence


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_the_wheels_are_complete(system: str) -> None:
    assert explain_missing(load=Machine("libEGL.so.1").load, environment={}, os_release="", system=system) is None


def test_every_library_is_looked_for_by_name() -> None:
    names = [library.soname for library in (*ALWAYS, *PLATFORMS["xcb"])]
    assert [library.soname for library in missing_libraries("xcb", load=Machine(*names).load)] == names


def test_the_check_runs_before_qt_is_there() -> None:
    code = "import sys, gui.qt_libraries; sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_fails_when_something_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(qt_libraries, "explain_missing", lambda _platform: "Install something.")
    assert qt_libraries.main([]) == 1
    assert capsys.readouterr().out == "Install something.\n"


def test_the_command_succeeds_when_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qt_libraries, "explain_missing", lambda _platform: None)
    assert qt_libraries.main([]) == 0


def test_calls_that_return_nothing_keep_none_alive(qapp: QObject) -> None:
    """PySide6 6.12.0 loses a reference to None per call under Python 3.11, until the process aborts."""
    timer = QTimer(qapp)
    before = sys.getrefcount(None)
    for _ in range(10_000):
        timer.setInterval(10)
    # From Python 3.12 on None is immortal and the count stands still.
    assert sys.getrefcount(None) > before - 1_000
