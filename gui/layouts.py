"""How the window was arranged, kept as JSON with a schema version.

A layout is a convenience: a damaged file, one from a newer program or an unwritable disk costs the
arrangement, never the start. Qt's own `saveState` knows docks by object name and goes inside as base64.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gui.tokens import PALETTES, THEMES, PaletteName, ThemeName

SCHEMA = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Layout:
    """What is remembered of the window.

    Attributes:
        geometry, state: QMainWindow.saveGeometry / saveState, base64.
        theme, palette, swap: as `Theme` takes them.
        symbols: used lately, newest first.
    """

    geometry: str = ""
    state: str = ""
    theme: ThemeName = "dark"
    palette: PaletteName = "standard"
    swap: bool = False
    symbols: tuple[str, ...] = ()


class LayoutStore:
    """One layout file."""

    def __init__(self, path: Path | None) -> None:
        """`path` None keeps nothing: screenshots must look the same on every machine."""
        self._path = path

    def load(self) -> Layout:
        """The saved layout, or the default one when there is none that can be used."""
        if self._path is None:
            return Layout()
        try:
            return _from_json(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Layout()
        except (OSError, ValueError) as error:
            _log.warning("The saved layout could not be used: %s", error)
            return Layout()

    def save(self, layout: Layout) -> None:
        """Replace the file in one step, so that a crash leaves the old one."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".tmp")
            draft.write_text(json.dumps({"schema": SCHEMA, **asdict(layout)}, indent=1), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            _log.warning("The layout could not be saved: %s", error)


def layout_path(profile: Path | None) -> Path:
    """`layout.json` in the profile, or in the system's place for settings."""
    if profile is not None:
        return profile / "layout.json"
    import platformdirs  # not needed with a profile

    return Path(platformdirs.user_config_dir("fathom", appauthor=False)) / "layout.json"


def _from_json(data: Any) -> Layout:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError("it is from another version of Fathom")
    kinds = {"geometry": str, "state": str, "theme": str, "palette": str, "swap": bool}
    kept = {name: data[name] for name, kind in kinds.items() if isinstance(data.get(name), kind)}
    if kept.get("theme") not in (None, *THEMES) or kept.get("palette") not in (None, *PALETTES):
        raise ValueError("it names a theme that does not exist")
    symbols = data.get("symbols")
    if isinstance(symbols, list):
        kept["symbols"] = tuple(symbol for symbol in symbols if isinstance(symbol, str))
    return Layout(**kept)
