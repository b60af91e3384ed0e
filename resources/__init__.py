"""Files the program ships with: theme tokens, the style sheet, the font. Data only.

They are found next to this file, so that they travel inside the wheel. Start with
`theme.json`: every colour in the window comes from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent


def path_of(name: str) -> Path:
    """Where a shipped file is: `path_of("fonts/Inter-Regular.otf")`.

    Raises:
        FileNotFoundError: the installation is damaged; the sentence names the file.
    """
    path = ROOT / name
    if not path.is_file():
        raise FileNotFoundError(f"Fathom's own file {name} is missing; reinstall the program.")
    return path


def text_of(name: str) -> str:
    """A shipped text file, decoded as UTF-8."""
    return path_of(name).read_text(encoding="utf-8")
