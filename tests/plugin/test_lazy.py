"""A pytest that uses nothing of ipsim does not pay for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOADED = """
import sys
import pytest

code = pytest.main(["-q", "-p", "no:cacheprovider", "test_other.py"])
ours = ("firmware", "platforms", "ignition", "cryptography", "pydantic", "yaml", "OpenSSL")
print("loaded:", *sorted(name for name in sys.modules if name.partition(".")[0] in ours))
sys.exit(code)
"""


def test_no_module_of_the_simulator_is_imported_unless_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_it():\n    pass\n")
    command = [sys.executable, "-W", "error", "-c", LOADED]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    loaded = ran.stdout.splitlines()[-1].removeprefix("loaded: ").split()
    assert loaded == ["firmware", "firmware.bench", "firmware.bench.pytest_plugin"]
