"""The layers hold, and each contract is known to break when someone reaches across it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}

# contract, the file that reaches across, what it imports
VIOLATIONS = [
    ("layers", "core/domain/orders.py", "core.market"),
    ("layers", "core/domain/orders.py", "core"),
    ("layers", "core/market/__init__.py", "core.journal"),
    ("layers", "core/journal/__init__.py", "core.market"),
    ("layers", "core/strategies/params.py", "core.exchanges"),
    ("layers", "core/exchanges/connector.py", "core.strategies.params"),
    ("layers", "core/strategies/params.py", "core.execution"),
    ("layers", "core/execution/__init__.py", "core.desk"),
    ("layers", "core/newroom/__init__.py", "core.domain"),
    ("window", "gui/bridge.py", "core.execution"),
    ("window", "gui/bridge.py", "core.exchanges.connector"),
    ("window", "gui/bridge.py", "core.market"),
    ("window", "gui/bridge.py", "core.journal"),
    ("window", "gui/bridge.py", "core.strategies.base"),
    ("models", "gui/formats.py", "PySide6.QtGui"),
    ("models", "gui/depth/geometry.py", "gui.theme"),
    ("headless", "core/desk/settings.py", "gui"),
    ("headless", "core/domain/orders.py", "PySide6.QtCore"),
    ("headless", "core/domain/orders.py", "pyqtgraph"),
    ("headless", "core/domain/orders.py", "qasync"),
    ("headless", "core/domain/orders.py", "qtawesome"),
    ("pure", "core/strategies/params.py", "asyncio"),
    ("pure", "core/strategies/params.py", "time"),
    ("pure", "core/strategies/params.py", "sqlite3"),
    ("leaf", "resources/__init__.py", "gui"),
    ("leaf", "resources/__init__.py", "core.domain"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code and its contracts, to break."""
    for package in ("core", "gui", "resources"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=lambda folder, names: [n for n in names if not _is_code(Path(folder, n))]
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _is_code(path: Path) -> bool:
    return path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")


def broken_contracts(tree: Path) -> set[str]:
    """The ids of the contracts that lint-imports reports as broken in `tree`."""
    # The same as the command, on the interpreter that runs this test.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-logo", "--no-cache"]
    result = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    verdicts = {key: re.search(rf"^{re.escape(name)} (KEPT|BROKEN)", result.stdout, re.MULTILINE) for key, name in CONTRACTS.items()}
    assert all(verdicts.values()), result.stdout + result.stderr
    broken = {key for key, verdict in verdicts.items() if verdict and verdict[1] == "BROKEN"}
    assert result.returncode == (1 if broken else 0)
    return broken


def test_the_layers_hold(tree: Path) -> None:
    assert broken_contracts(tree) == set()


@pytest.mark.parametrize(("contract", "file", "reaches_for"), VIOLATIONS)
def test_reaching_across_a_layer_breaks_its_contract(contract: str, file: str, reaches_for: str, tree: Path) -> None:
    path = tree / file
    path.parent.mkdir(exist_ok=True)
    code = path.read_text() if path.exists() else ""
    path.write_text(f"{code}\nimport {reaches_for} as reached\n")
    assert contract in broken_contracts(tree)


def test_every_contract_is_proven_to_break() -> None:
    assert {contract for contract, _, _ in VIOLATIONS} == set(CONTRACTS)
