"""`.ci/run` brings the system libraries that Qt needs, where it may, and ends with `make test`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FAKES = {
    "make": 'echo "make $* platform=$QT_QPA_PLATFORM profile=$HYPOTHESIS_PROFILE ci=$CI"',
    "apt-get": 'echo "apt-get $*"',
    "id": 'echo "$USER_ID"',
}


class Container:
    """A machine whose make, apt-get and user are played, and whose Qt lacks some packages."""

    def __init__(self, directory: Path, lacks: str) -> None:
        self.directory = directory
        (directory / ".ci").mkdir()
        shutil.copy(ROOT / ".ci" / "run", directory / ".ci" / "run")
        self._script(".venv/bin/python", f'echo "{lacks}"')
        for name, code in FAKES.items():
            self._script(f"bin/{name}", code)
        for tool in ("bash", "dirname"):
            (directory / "bin" / tool).symlink_to(str(shutil.which(tool)))

    def _script(self, name: str, code: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)

    def run(self, user_id: int = 0) -> list[str]:
        environment = {"PATH": str(self.directory / "bin"), "USER_ID": str(user_id)}
        result = subprocess.run(
            [self.directory / ".ci" / "run"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()


# `ci` makes a missing recording a failure: nobody reads what was skipped.
INSTALL = "make install platform=offscreen profile=ci ci=true"
TEST = "make test platform=offscreen profile=ci ci=true"


def test_a_complete_machine_goes_straight_to_the_tests(tmp_path: Path) -> None:
    assert Container(tmp_path, lacks="").run() == [INSTALL, TEST]


def test_missing_libraries_are_installed_first(tmp_path: Path) -> None:
    assert Container(tmp_path, lacks="libegl1 libgl1").run() == [
        INSTALL,
        "== system libraries for Qt: libegl1 libgl1",
        "apt-get update -qq",
        "apt-get install -qq --yes --no-install-recommends libegl1 libgl1",
        TEST,
    ]


def test_without_root_nothing_is_installed(tmp_path: Path) -> None:
    assert Container(tmp_path, lacks="libegl1").run(user_id=1000) == [INSTALL, TEST]


def test_without_apt_nothing_is_installed(tmp_path: Path) -> None:
    container = Container(tmp_path, lacks="libegl1")
    (tmp_path / "bin" / "apt-get").unlink()
    assert container.run() == [INSTALL, TEST]
