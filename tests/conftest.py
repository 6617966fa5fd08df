"""What the tests share: how Hypothesis behaves, a command line to call, and a unit to call it on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import settings

from firmware.bench import cli
from tests.bench.support import ACCEPTANCE, Ipsim

# No deadline: the machine that runs the tests may be busy with others. In CI the same examples each time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture
def ipsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ipsim:
    """The command ``ipsim``, in this process."""
    return Ipsim(monkeypatch, capsys)


@pytest.fixture(scope="session")
def _booted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("booted") / "unit"
    CliRunner().invoke(cli.ipsim, [*ACCEPTANCE.split(), "--state", str(directory)], catch_exceptions=False)
    return directory


@pytest.fixture
def unit(_booted: Path, tmp_path: Path) -> Path:
    """The state directory of a unit that had its first start: the acceptance boot's."""
    return Path(shutil.copytree(_booted, tmp_path / "unit"))


collect_ignore = ["example_project"]  # a project of its own, which tests/plugin runs

# Not for every save: tests with processes and sockets; power cut everywhere, firmwares and units hunted for bugs; a
# pytest in pytest.
SLOW = ("live", "interop", "sweep", "zoo", "damage", "units", "plugin")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow whatever lives in those rooms."""
    for item in items:
        if item.path.parent.name in SLOW:
            item.add_marker(pytest.mark.slow)
