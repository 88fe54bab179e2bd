"""A module that fails, leaves or blocks while it is loaded ends as an error about that module."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runner.strategy import guard
from runner.strategy.loader import load_strategy
from tests.unit.strategy.loading import GOOD, refusal, refused, write


def test_S1_a_syntax_error_shows_the_users_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "from runner import Strategy\n\nclass Mine(Strategy)\n    pass\n")

    assert (error.exit_code, error.id) == (4, "E410")
    assert error.where == "mine.py:3:21: class Mine(Strategy)"
    assert "expected ':'" in error.what


@pytest.mark.parametrize(
    "content",
    [b"x = 'caf\xe9'\n", b"x = 1\0\n", b"\tif x:\n  y\n", b"(" * 500, b"\xff\xfex\0"],
    ids=["latin 1", "nul", "tabs", "nested too deeply", "utf-16"],
)
def test_S1_a_file_that_is_no_python_is_an_error_of_loading(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.py").write_bytes(content)

    error = refused(tmp_path, "mine.py")

    assert (error.exit_code, error.id) == (4, "E410")
    assert error.where.startswith("mine.py")


def test_S1_a_missing_dependency_names_the_users_line_and_the_package(tmp_path: Path) -> None:
    error = refusal(tmp_path, "import sys\nimport no_such_package.deep\n")

    assert (error.exit_code, error.id) == (4, "E411")
    assert error.where == "mine.py:2: import no_such_package.deep"
    assert error.fix.endswith("-m pip install no_such_package")


def test_S1_a_name_that_runner_does_not_have_gives_the_nearest(tmp_path: Path) -> None:
    error = refusal(tmp_path, "from runner import Strategie\n")

    assert (error.id, error.where) == ("E412", "mine.py:1: from runner import Strategie")
    assert error.fix == "did you mean Strategy?"


def test_S1_an_exception_at_import_shows_only_the_users_frame(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """\
        import json

        def settings():
            return json.loads("{")

        SETTINGS = settings()
        """,
    )

    assert (error.exit_code, error.id) == (4, "E412")
    assert error.where == 'mine.py:4: return json.loads("{")'
    assert error.what.startswith("the strategy's module raised JSONDecodeError: ")


@pytest.mark.parametrize(
    "raised",
    ["MemoryError()", "RecursionError('deep')", "GeneratorExit()", "BaseException('odd')"],
)
def test_S1_whatever_the_module_raises_is_an_error_of_loading(tmp_path: Path, raised: str) -> None:
    error = refusal(tmp_path, f"raise {raised}\n")

    assert (error.exit_code, error.id) == (4, "E412")


def test_S1_a_module_that_does_not_exist_says_where_modules_are_found(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "house/rooms.py")

    error = refused(tmp_path, "house.rooms:Mine")

    assert (error.exit_code, error.id) == (4, "E411")
    assert error.fix == f"run with PYTHONPATH={tmp_path}, or install the package"


def test_a_failed_file_leaves_no_module_behind(tmp_path: Path) -> None:
    before = set(sys.modules)

    refusal(tmp_path, "raise ValueError\n")

    assert not [name for name in set(sys.modules) - before if name.startswith("_runner_strategy")]


def run_elsewhere(folder: Path) -> subprocess.CompletedProcess[str]:
    """Load mine.py in a process of its own: code that leaves would take the tests with it."""
    script = (
        "from pathlib import Path\n"
        "from runner.errors import RunnerError\n"
        "from runner.strategy.loader import load_strategy\n"
        "try:\n"
        f"    print(load_strategy('mine.py', cwd=Path({str(folder)!r})).__name__)\n"
        "except RunnerError as error:\n"
        "    print(error.exit_code, error.id, error.what, error.where, sep='|')\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("import sys; sys.exit(0)", "sys.exit(0)"),
        ("raise SystemExit", "sys.exit(None)"),
        ("import os; os._exit(0)", "os._exit()"),
        ("import os; os.execlp('true', 'true')", "os.execv()"),
        ("import os; os.execve('/bin/true', ['true'], {})", "os.execve()"),
        ("import os; os.abort()", "os.abort()"),
        ("try:\n    import os; os._exit(0)\nexcept Exception:\n    pass", "os._exit()"),
    ],
    ids=["sys.exit", "SystemExit", "os._exit", "execlp", "execve", "abort", "caught"],
)
def test_S3_a_module_that_wants_to_leave_does_not(
    tmp_path: Path, statement: str, said: str
) -> None:
    write(tmp_path, statement + "\n")

    run = run_elsewhere(tmp_path)

    code, name, what, where = run.stdout.strip().split("|")
    assert (code, name) == ("4", "E413")
    assert what.endswith(f"it calls {said}")
    assert where.startswith("mine.py:")


def test_S3_the_functions_that_leave_are_back_after_loading(tmp_path: Path) -> None:
    before = [getattr(os, name) for name in ("_exit", "abort", "execv", "execve")]

    refusal(tmp_path, "import sys; sys.exit(0)\n")

    assert [getattr(os, name) for name in ("_exit", "abort", "execv", "execve")] == before


def test_S3_a_child_process_that_the_module_makes_may_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        GOOD
        + """
import os
child = os.fork()
if child == 0:
    os._exit(7)
STATUS = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert STATUS == 7
""",
    )

    run = run_elsewhere(tmp_path)

    assert (run.returncode, run.stdout) == (0, "Mine\n"), run.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "import time; time.sleep(60)",
        "while True: pass",
        "import threading; threading.Event().wait()",
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
    ],
    ids=["sleep", "loop", "wait", "loop that catches"],
)
def test_S3_a_module_that_blocks_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr(guard, "IMPORT_DEADLINE_S", 0.05)

    error = refusal(tmp_path, statement + "\n")

    assert (error.exit_code, error.id) == (4, "E414")
    assert error.what == "the strategy's module was not loaded after 0.05 s"
    assert error.where.startswith("mine.py:")


def test_S3_a_module_that_swallows_the_interruption_is_interrupted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "IMPORT_DEADLINE_S", 0.05)
    monkeypatch.setattr(guard, "_INSIST_S", 0.05)

    error = refusal(
        tmp_path,
        """\
        import time
        try:
            time.sleep(60)
        except BaseException:
            pass
        time.sleep(61)
        """,
    )

    assert (error.id, error.where) == ("E414", "mine.py:6: time.sleep(61)")


def test_a_timer_that_runs_already_goes_on_after_loading(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    handler, before = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 500)

    try:
        load_strategy("mine.py", cwd=tmp_path)
        left, _ = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)

    assert 100 < left <= 500
    assert signal.getsignal(signal.SIGALRM) is handler


def test_a_strategy_can_be_loaded_on_another_thread(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    found: list[str] = []

    def load() -> None:
        found.append(load_strategy("mine.py", cwd=tmp_path).__name__)

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()

    assert found == ["Mine"]


@pytest.mark.parametrize("neighbour", ["my_helpers.py", "my_helpers/__init__.py"])
def test_S4_importing_a_neighbour_says_how_to_make_it_importable(
    tmp_path: Path, neighbour: str
) -> None:
    write(tmp_path, "x = 1\n", neighbour)

    error = refusal(tmp_path, "from my_helpers import x\n")

    assert (error.exit_code, error.id) == (4, "E411")
    assert error.where == "mine.py:1: from my_helpers import x"
    assert error.fix.startswith(f"run with PYTHONPATH={tmp_path}, or make the folder a package")
