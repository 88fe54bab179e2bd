"""pytest itself in a process of its own, with the package's plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]

# An installation made before the package had a plugin does not know it yet.
_KNOWN = any(one.value == "runner.testing.plugin" for one in entry_points(group="pytest11"))
PLUGIN = [] if _KNOWN else ["-p", "runner.testing.plugin"]
QUIET = ["--rootdir=.", "-p", "no:cacheprovider", "-p", "no:schemathesis"]


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, without this project's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *PLUGIN, *QUIET, *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
