"""Loading a strategy: four forms, and every way in which a user's file can fail to give one."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import textwrap
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from runner.errors import ConfigError, RunnerError, StrategyLoadError
from runner.strategy import guard, loader
from runner.strategy.loader import load_strategy

GOOD = """
from runner import Candle, Strategy


class Mine(Strategy):
    def on_candle(self, candle: Candle) -> None:
        pass
"""


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def handler(text: str) -> str:
    """Return a module with one strategy whose body is `text`."""
    body = textwrap.indent(textwrap.dedent(text), "    ")
    return f"from runner import Candle, Order, Strategy\n\n\nclass Mine(Strategy):\n{body}"


def refusal(folder: Path, text: str, spec: str = "mine.py") -> RunnerError:
    write(folder, text)
    return refused(folder, spec)


def refused(folder: Path, spec: str) -> RunnerError:
    with pytest.raises(RunnerError) as caught:
        load_strategy(spec, cwd=folder)
    assert len(caught.value.lines()) <= 6
    assert all("\n" not in line for line in caught.value.lines())
    assert "Traceback" not in str(caught.value)
    return caught.value


# The four forms


def test_a_file_with_one_strategy_is_loaded_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, GOOD)

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_a_file_is_found_from_the_given_folder_and_not_from_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "strategies/mine.py")
    monkeypatch.chdir("/")

    assert load_strategy("strategies/mine.py", cwd=tmp_path).__name__ == "Mine"


def test_an_absolute_path_is_loaded_from_any_other_folder(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD, "a/mine.py")

    assert load_strategy(str(file), cwd=tmp_path / "b").__name__ == "Mine"


def test_a_class_of_several_is_chosen_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "\n\nclass Other(Mine):\n    pass\n")

    assert load_strategy("mine.py:Other", cwd=tmp_path).__name__ == "Other"


def test_a_class_of_an_importable_module_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "loader_house/rooms.py")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert load_strategy("loader_house.rooms:Mine", cwd=Path("/")).__name__ == "Mine"


def test_an_installed_strategy_is_loaded_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "loader_plugin.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed = EntryPoint("plugged", "loader_plugin:Mine", loader.GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [installed])

    assert load_strategy("plugged", cwd=tmp_path).__name__ == "Mine"


def test_a_module_of_the_standard_library_that_dataclasses_need_is_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from __future__ import annotations
        from dataclasses import dataclass
        from runner import Strategy

        @dataclass
        class Level:
            price: float

        class Mine(Strategy):
            level = Level(1.0)
        """,
    )

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_an_edited_file_is_loaded_afresh(tmp_path: Path) -> None:
    for name in ("Aaaa", "Bbbb"):  # of one length, within one second: byte code caches miss that
        write(tmp_path, GOOD.replace("Mine", name))

        assert load_strategy("mine.py", cwd=tmp_path).__name__ == name


def test_loading_leaves_nothing_beside_the_file_and_the_path_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    before = list(sys.path)

    load_strategy("mine.py", cwd=tmp_path)

    assert sys.path == before
    assert [one.name for one in tmp_path.iterdir()] == ["mine.py"]


def test_private_abstract_and_imported_classes_do_not_count(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from abc import ABC, abstractmethod
        from runner import Strategy

        class _Base(Strategy):
            pass

        class Frame(Strategy, ABC):
            @abstractmethod
            def decide(self) -> None: ...

        class Mine(_Base):
            pass
        """,
    )

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


# Nothing there


@pytest.mark.parametrize(
    ("spec", "fix"),
    [
        ("strategies/sma_cros.py", "did you mean strategies/sma_cross.py?"),
        ("sma_cross.py", "did you mean strategies/sma_cross.py?"),
        ("strategies/sma_cross", "did you mean strategies/sma_cross.py?"),
        ("nowhere/else.py", "check the path"),
    ],
    ids=["misspelt", "other folder", "without its ending", "nothing alike"],
)
def test_S1_a_missing_file_is_named_with_the_nearest_one(
    tmp_path: Path, spec: str, fix: str
) -> None:
    write(tmp_path, GOOD, "strategies/sma_cross.py")

    error = refused(tmp_path, spec)

    assert (error.exit_code, error.id, error.where, error.fix) == (4, "E401", spec, fix)


def test_S1_a_directory_lists_its_files(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "strategies/one.py")

    error = refused(tmp_path, "./strategies")

    assert (error.id, error.why) == ("E401", "it holds strategies/one.py")


def test_S1_an_unknown_name_leads_to_the_file_that_was_meant(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "strategies/sma_cross.py")

    error = refused(tmp_path, "sma_cross")

    assert (error.exit_code, error.id) == (4, "E402")
    assert error.fix == "did you mean strategies/sma_cross.py?"


@pytest.mark.parametrize("spec", ["", "   ", ":Mine", "a b:Mine", "pkg.:Mine", "pkg:"])
def test_S1_what_names_nothing_shows_the_forms(tmp_path: Path, spec: str) -> None:
    error = refused(tmp_path, spec)

    assert (error.exit_code, error.id) == (4, "E403")
    assert "package.module:Class" in error.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_S1_an_unreadable_file_is_an_error_of_loading(tmp_path: Path) -> None:
    write(tmp_path, GOOD).chmod(0)

    assert refused(tmp_path, "mine.py").exit_code == 4


# S1: the user's code does not load


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


# S2: what was found is not one strategy


def test_S2_a_file_without_a_class_lists_what_was_found(tmp_path: Path) -> None:
    error = refusal(tmp_path, "class Helper:\n    pass\n")

    assert (error.exit_code, error.id) == (4, "E420")
    assert error.why.endswith("found: Helper")


def test_S2_a_class_with_handlers_that_derives_from_nothing_is_recognised(tmp_path: Path) -> None:
    error = refusal(tmp_path, "class Mine:\n    def on_candle(self, candle):\n        pass\n")

    assert error.id == "E420"
    assert "class Mine(Strategy):" in error.fix


def test_S2_functions_on_their_own_are_recognised(tmp_path: Path) -> None:
    error = refusal(tmp_path, "def on_candle(candle):\n    pass\n")

    assert (error.id, error.why.rpartition(" ")[2]) == ("E420", "on_candle")


def test_S2_an_imported_strategy_runs_only_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "loader_origin.py")
    monkeypatch.syspath_prepend(str(tmp_path))

    error = refusal(tmp_path, "from loader_origin import Mine\n")

    assert (error.id, error.fix) == ("E420", "name it: mine.py:Mine")
    assert load_strategy("mine.py:Mine", cwd=tmp_path).__name__ == "Mine"


def test_S2_two_classes_are_listed_with_the_form_to_type(tmp_path: Path) -> None:
    error = refusal(tmp_path, GOOD + "\n\nclass Other(Strategy):\n    pass\n")

    assert (error.exit_code, error.id) == (4, "E422")
    assert error.fix == "name it: mine.py:Mine or mine.py:Other"


def test_S2_a_misspelt_class_gives_the_nearest(tmp_path: Path) -> None:
    error = refusal(tmp_path, GOOD, "mine.py:Mien")

    assert (error.exit_code, error.id, error.fix) == (4, "E421", "did you mean mine.py:Mine?")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Thing = 3", "is not a class, was int"),
        ("Thing = Mine()", "is an instance; name its class Mine"),
        ("Thing = dict", "does not derive from runner.Strategy"),
        ("Thing = Strategy", "is the base class"),
    ],
    ids=["number", "instance", "other class", "base class"],
)
def test_S2_a_name_that_is_no_strategy_class_says_what_it_is(
    tmp_path: Path, line: str, said: str
) -> None:
    error = refusal(tmp_path, GOOD + f"\n\n{line}\n", "mine.py:Thing")

    assert (error.exit_code, error.id) == (4, "E423")
    assert said in error.what


def test_S2_an_abstract_method_left_open_is_named(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """
        from abc import ABC, abstractmethod
        from runner import Strategy

        class Mine(Strategy, ABC):
            @abstractmethod
            def decide(self) -> None: ...
        """,
    )

    assert (error.exit_code, error.id) == (4, "E424")
    assert error.what == "Mine leaves abstract methods open: decide"
    assert error.where == "mine.py:5"


@pytest.mark.parametrize(
    ("text", "called_with"),
    [
        ("def on_candle(self):\n    pass", "one argument"),
        ("def on_candle(self, candle, more):\n    pass", "one argument"),
        ("def on_candle(self, *, candle):\n    pass", "one argument"),
        ("@staticmethod\ndef on_candle():\n    pass", "one argument"),
        ("def on_start(self, account):\n    pass", "no argument"),
        ("def on_stop():\n    pass", "no argument"),
    ],
    ids=["none", "two", "by keyword", "static", "start with one", "no self"],
)
def test_S2_a_handler_of_the_wrong_shape_shows_the_right_one(
    tmp_path: Path, text: str, called_with: str
) -> None:
    error = refusal(tmp_path, handler(text))

    assert (error.exit_code, error.id) == (4, "E432")
    assert error.what.endswith(f"cannot be called with {called_with}")
    assert error.where == "mine.py:5"
    assert error.fix.startswith("write `def on_")


@pytest.mark.parametrize(
    "text",
    [
        "def on_candle(self, candle):\n    pass",
        "def on_candle(self, bar, more=None):\n    pass",
        "def on_candle(self, *events):\n    pass",
        "@staticmethod\ndef on_candle(candle):\n    pass",
        "@classmethod\ndef on_candle(cls, candle):\n    pass",
        "on_candle = lambda self, candle: None",
        "on_order = on_trade = lambda self, _: None",
        "one_thing = 1\nonly = 2",
        "on_weekends = True",
        "def _on_bar(self):\n    pass",
    ],
    ids=[
        "plain",
        "own names",
        "any",
        "static",
        "class method",
        "lambda",
        "two at once",
        "no prefix",
        "no function",
        "private",
    ],
)
def test_what_can_be_called_as_a_handler_is_accepted(tmp_path: Path, text: str) -> None:
    write(tmp_path, handler(text))

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_S2_a_constructor_with_arguments_is_told_about_parameters(tmp_path: Path) -> None:
    error = refusal(tmp_path, handler("def __init__(self, fast):\n    self.fast = fast"))

    assert (error.exit_code, error.id) == (4, "E432")
    assert "param(10)" in error.fix


# S3: modules that leave or block


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


# Neighbours of the file (S4)


@pytest.mark.parametrize("name", ["json", "websockets", "enum", "runner"])
def test_S4_a_neighbour_does_not_take_the_place_of_a_library(tmp_path: Path, name: str) -> None:
    write(tmp_path, "raise AssertionError('the neighbour was imported')\n", f"{name}.py")
    write(tmp_path, f"import {name}\n" + GOOD)

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


@pytest.mark.parametrize("neighbour", ["my_helpers.py", "my_helpers/__init__.py"])
def test_S4_importing_a_neighbour_says_how_to_make_it_importable(
    tmp_path: Path, neighbour: str
) -> None:
    write(tmp_path, "x = 1\n", neighbour)

    error = refusal(tmp_path, "from my_helpers import x\n")

    assert (error.exit_code, error.id) == (4, "E411")
    assert error.where == "mine.py:1: from my_helpers import x"
    assert error.fix.startswith(f"run with PYTHONPATH={tmp_path}, or make the folder a package")


# S5: places that are not trusted


@pytest.mark.parametrize(
    "spec",
    ["https://example.com/mine.py", "http://x/y:Class", "file:///tmp/mine.py", "data:text,x"],
)
@pytest.mark.parametrize("trust", [False, True])
def test_S5_an_address_is_no_strategy(tmp_path: Path, spec: str, trust: bool) -> None:
    with pytest.raises(ConfigError) as caught:
        load_strategy(spec, cwd=tmp_path, trust=trust)

    assert (caught.value.exit_code, caught.value.id) == (3, "E341")


def test_S5_a_path_that_climbs_out_of_the_folder_needs_trust(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    inside = tmp_path / "project"
    inside.mkdir()

    error = refused(inside, "../mine.py")

    assert (error.exit_code, error.id) == (3, "E342")
    assert load_strategy("../mine.py", cwd=inside, trust=True).__name__ == "Mine"


def test_S5_a_path_that_climbs_and_returns_is_fine(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a/mine.py")
    (tmp_path / "b").mkdir()

    assert load_strategy("b/../a/mine.py", cwd=tmp_path).__name__ == "Mine"


@pytest.mark.parametrize("link_folder", [False, True], ids=["file", "folder"])
def test_S5_a_link_that_leads_out_of_the_project_needs_trust(
    tmp_path: Path, link_folder: bool
) -> None:
    file = write(tmp_path / "elsewhere", GOOD)
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    if link_folder:
        (project / "linked").symlink_to(file.parent)
        spec = "linked/mine.py"
    else:
        (project / "linked.py").symlink_to(file)
        spec = "linked.py"

    error = refused(project, spec)

    assert (error.exit_code, error.id) == (3, "E342")
    assert str(file) in error.why
    assert load_strategy(spec, cwd=project, trust=True).__name__ == "Mine"


def test_S5_a_link_within_the_project_is_fine(tmp_path: Path) -> None:
    file = write(tmp_path / "library", GOOD)
    (tmp_path / "pyproject.toml").touch()
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (notebooks / "linked.py").symlink_to(file)

    assert load_strategy("linked.py", cwd=notebooks).__name__ == "Mine"


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_S5_a_file_that_everybody_may_write_needs_trust(tmp_path: Path, absolute: bool) -> None:
    file = write(tmp_path, GOOD)
    file.chmod(0o666)
    spec = str(file) if absolute else "mine.py"

    error = refused(tmp_path, spec)

    assert (error.exit_code, error.id) == (3, "E343")
    assert load_strategy(spec, cwd=tmp_path, trust=True).__name__ == "Mine"


def test_S5_untrusted_code_is_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    write(tmp_path, f"open({str(canary)!r}, 'w')\n").chmod(0o666)

    refused(tmp_path, "mine.py")

    assert not canary.exists()


# S15: handlers that would never run


@pytest.mark.parametrize("trade_twice", [False, True], ids=["async", "async generator"])
def test_S15_an_async_handler_is_a_load_error(tmp_path: Path, trade_twice: bool) -> None:
    body = "yield" if trade_twice else "pass"

    error = refusal(tmp_path, handler(f"async def on_candle(self, candle):\n    {body}"))

    assert (error.exit_code, error.id) == (4, "E431")
    assert error.what == "Mine.on_candle is declared with `async def`"
    assert error.where == "mine.py:5"
    assert "write `def on_candle(self, candle: Candle) -> None:`" in error.fix


def test_S15_a_handler_that_yields_is_a_load_error(tmp_path: Path) -> None:
    error = refusal(tmp_path, handler("def on_candle(self, candle):\n    yield"))

    assert (error.id, "`yield`" in error.what) == ("E431", True)


@pytest.mark.parametrize("value", ["on_candle = 3", "on_candle = None", "on_candle = dict"])
def test_S15_a_handler_that_is_no_function_is_a_load_error(tmp_path: Path, value: str) -> None:
    error = refusal(tmp_path, handler(value))

    assert (error.exit_code, error.id) == (4, "E431")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_candel", "on_candle"),
        ("on_candles", "on_candle"),
        ("on_bar", "on_candle"),
        ("on_tick", "on_quote"),
        ("on_orders", "on_order"),
        ("on_fill", "on_trade"),
        ("on_init", "on_start"),
        ("on_end", "on_stop"),
        ("on_errors", "on_error"),
        ("on_ratelimit", "on_rate_limit"),
    ],
)
def test_S15_an_unknown_handler_gives_the_nearest(tmp_path: Path, name: str, meant: str) -> None:
    error = refusal(tmp_path, handler(f"def {name}(self, event):\n    pass"))

    assert (error.exit_code, error.id) == (4, "E430")
    assert error.where == "mine.py:5"
    assert error.fix == f"did you mean {meant}?"


def test_S15_an_unknown_handler_of_a_base_class_is_found_too(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """
        from runner import Strategy

        class _Base(Strategy):
            def on_bar(self, bar): ...

        class Mine(_Base):
            pass
        """,
    )

    assert (error.id, error.where) == ("E430", "mine.py:5")


def test_errors_of_loading_have_exit_code_4() -> None:
    assert StrategyLoadError("x").exit_code == 4
