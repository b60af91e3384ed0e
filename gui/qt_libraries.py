"""Says which system package to install, before Qt aborts without a word about it.

Wheels bring Qt but not the libraries under it. A missing libEGL is an ImportError; a missing
libxcb-cursor ends the process in C++, where nobody can catch it. So we ask the loader first,
with the standard library alone:

    python -m gui.qt_libraries          # prints what is missing; exit code 1 when something is

The tables are what `readelf -d` lists as NEEDED on PySide6-Essentials 6.11 (QtCore, QtGui, QtWidgets,
QtDBus and the platform plugins), less what comes with libc and the compiler.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Library(NamedTuple):
    """A shared library and the packages that hold it."""

    soname: str
    debian: str
    fedora: str
    arch: str


ALWAYS = (
    Library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    Library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    Library("libX11.so.6", "libx11-6", "libX11", "libx11"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    Library("libfreetype.so.6", "libfreetype6", "freetype", "freetype2"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Library("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    Library("libz.so.1", "zlib1g", "zlib-ng-compat", "zlib"),
    Library("libzstd.so.1", "libzstd1", "libzstd", "zstd"),
)
XCB = (
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libx11"),
    Library("libxcb.so.1", "libxcb1", "libxcb", "libxcb"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb"),
    Library("libxcb-render.so.0", "libxcb-render0", "libxcb", "libxcb"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb"),
    Library("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "libxcb"),
    Library("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb"),
    Library("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb-util"),
    Library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
)
WAYLAND = (
    Library("libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland"),
    Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland"),
)

# What a platform needs beyond ALWAYS. Any other name (offscreen, minimal, vnc) needs nothing more.
PLATFORMS = {"xcb": XCB, "wayland": WAYLAND}

INSTALL = {"debian": "sudo apt-get install", "fedora": "sudo dnf install", "arch": "sudo pacman -S"}

NO_SCREEN = (
    "There is no screen to draw on: neither DISPLAY nor WAYLAND_DISPLAY is set. Over ssh connect with ssh -X; "
    "to draw into memory only, use --screenshot FILE or set QT_QPA_PLATFORM=offscreen."
)

Loader = Callable[[str], object]


def missing_libraries(platform: str = "offscreen", *, load: Loader = ctypes.CDLL) -> list[Library]:
    """Libraries that Qt needs for `platform` ('offscreen', 'xcb', 'wayland') and the loader can't find."""
    return [library for library in (*ALWAYS, *PLATFORMS.get(platform, ())) if not _loads(library.soname, load)]


def explain_missing(
    platform: str | None = None,
    *,
    load: Loader = ctypes.CDLL,
    environment: Mapping[str, str] = os.environ,
    os_release: str | None = None,
    system: str = sys.platform,
) -> str | None:
    """One sentence on why no window can open and what to do, or None when one can.

    Args:
        platform: Qt's name of one; by default what Qt itself would choose from the environment.
        load: raises OSError when a library is not there.
        os_release: text of /etc/os-release, which decides between apt-get, dnf and pacman; by default read from there.
        system: as sys.platform; on anything but Linux the wheels are complete.
    """
    if system != "linux":
        return None
    candidates = [platform] if platform else _platforms(environment)
    if not candidates:
        return NO_SCREEN
    # Qt tries its candidates in order and takes the first that loads.
    shortages = [missing_libraries(candidate, load=load) for candidate in candidates]
    if not all(shortages):
        return None
    return _sentence(shortages[0], _read_os_release() if os_release is None else os_release)


def _loads(soname: str, load: Loader) -> bool:
    try:
        load(soname)
    except OSError:
        return False
    return True


def _platforms(environment: Mapping[str, str]) -> list[str]:
    # The variable may hold several names and options: "wayland;xcb", "offscreen:fontconfig=1".
    if chosen := environment.get("QT_QPA_PLATFORM"):
        return [name.split(":")[0] for name in chosen.split(";")]
    screens = (("WAYLAND_DISPLAY", "wayland"), ("DISPLAY", "xcb"))
    return [platform for variable, platform in screens if environment.get(variable)]


def _read_os_release() -> str:
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""


def _family(os_release: str) -> str | None:
    """'debian', 'fedora' or 'arch': the distribution itself or the one that it says it is like."""
    fields: dict[str, str] = {}
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        fields[name.strip()] = " ".join(shlex.split(value, comments=True))
    names = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]
    aliases = {"ubuntu": "debian", "rhel": "fedora", "centos": "fedora"}
    families = [aliases.get(name, name) for name in names]
    return next((family for family in families if family in INSTALL), None)


def _sentence(missing: Sequence[Library], os_release: str) -> str:
    files = ", ".join(library.soname for library in missing)
    family = _family(os_release)
    if family is None:
        return f"Qt can't open a window without {files}: install the packages of your system that hold them."
    # In the order of the tables, each package once.
    packages = dict.fromkeys(getattr(library, family) for library in missing)
    return f"Qt can't open a window without {files}. Install with: {INSTALL[family]} {' '.join(packages)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is missing; the exit code is 1 when something is."""
    parser = argparse.ArgumentParser(prog="python -m gui.qt_libraries", description="Check the system libraries under Qt.")
    parser.add_argument("--platform", help="check for this Qt platform (offscreen, xcb, wayland) instead of the present one")
    parser.add_argument("--debian-packages", action="store_true", help="only print the Debian packages that an offscreen run lacks")
    chosen = parser.parse_args(arguments)
    if chosen.debian_packages:
        missing = missing_libraries(chosen.platform or "offscreen") if sys.platform == "linux" else []
        print(" ".join(dict.fromkeys(library.debian for library in missing)))
        return 0
    sentence = explain_missing(chosen.platform)
    print(sentence or "Nothing is missing: Qt can open a window.")
    return 1 if sentence else 0


if __name__ == "__main__":
    sys.exit(main())
