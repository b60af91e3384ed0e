"""Where a mode's journal is kept when no profile was named. Qt-free.

Demo and replay keep nothing then: whoever tries Fathom out should leave no traces. Where orders can outlive the program
forgetting them is not an option, and paper is there to be looked at afterwards.
"""

from __future__ import annotations

from pathlib import Path

_FORGETFUL = ("demo", "replay")


def journal_profile(profile: Path | None, mode: str) -> Path | None:
    """The directory with one folder per mode: `profile` where it was named, else the system's place for data; None keeps nothing."""
    if profile is not None or mode in _FORGETFUL:
        return profile
    import platformdirs  # not needed with a profile

    return Path(platformdirs.user_data_dir("fathom", appauthor=False))
