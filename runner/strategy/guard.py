"""Run the import of a user's code so that whatever it does ends as an error about that code.

Leaving the interpreter while loading (`sys.exit`, `os._exit`, `os.execv`) would end the run with a
code of the module's choosing, perhaps a success; blocking would hang it. For the time of the import
the functions that leave raise instead, and a timer interrupts what blocks. May import errors only.
"""

from __future__ import annotations

import linecache
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

from runner.errors import StrategyLoadError

T = TypeVar("T")

IMPORT_DEADLINE_S = 10.0
"""How long a strategy's module may take to load."""
_INSIST_S = 1.0
"""How often a module that swallows the interruption is interrupted again."""
_LEAVING = ("_exit", "abort", "execv", "execve")
"""Functions of `os` that end or replace the process; the other exec functions call these."""
_OURS = str(Path(__file__).parent.parent) + os.sep


class _LeavingError(BaseException):
    """The code wants to leave the process. Code that catches every Exception must not hide it."""


class _TooLongError(BaseException):
    """The code takes too long."""


def guarded_import(
    load: Callable[[], T],
    *,
    shown: str,
    cwd: Path,
    file: Path | None = None,
    module: str = "",
) -> T:
    """Return what `load` returns, and turn all that goes wrong in it into one kind of error.

    Args:
        load: imports the user's code.
        shown: what the user typed.
        cwd: paths in errors are relative to it.
        file: the user's file, where one was named.
        module: the user's module, where one was named.

    Raises:
        StrategyLoadError: E410 syntax, E411 missing module, E412 raised, E413 wanted to leave the
            process, E414 took longer than `IMPORT_DEADLINE_S`.
        KeyboardInterrupt: the user interrupted.
    """
    try:
        with _no_leaving(), _deadline():
            return load()
    except SyntaxError as error:
        raise _syntax(error, shown, cwd) from None
    except ModuleNotFoundError as error:
        raise _not_found(error, shown, cwd, file, module) from None
    except (_LeavingError, SystemExit) as error:
        asked = str(error) if isinstance(error, _LeavingError) else f"sys.exit({error.code!r})"
        raise StrategyLoadError(
            f"the strategy's module wants to end the program: it calls {asked}",
            where=_place(error.__traceback__, shown, cwd),
            why="loading a strategy must only define it",
            fix="move what runs on its own below `if __name__ == '__main__':`",
            id="E413",
        ) from None
    except _TooLongError as error:
        raise StrategyLoadError(
            f"the strategy's module was not loaded after {IMPORT_DEADLINE_S:g} s",
            where=_place(error.__traceback__, shown, cwd),
            why="loading a strategy must only define it",
            fix="move slow work into on_start",
            id="E414",
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it comes from the user's code
        raise StrategyLoadError(
            f"the strategy's module raised {_said(error)}",
            where=_place(error.__traceback__, shown, cwd),
            why=_why(error),
            fix=_advice(error),
            id="E412",
        ) from None


@contextmanager
def _no_leaving() -> Iterator[None]:
    before = {name: getattr(os, name) for name in _LEAVING}
    process = os.getpid()

    def refusing(name: str) -> Callable[..., Any]:
        def refuse(*arguments: Any) -> Any:
            if os.getpid() != process:  # a child process made by the code may end as it likes
                return before[name](*arguments)
            raise _LeavingError(f"os.{name}()")

        return refuse

    for name in _LEAVING:
        setattr(os, name, refusing(name))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(os, name, function)


@contextmanager
def _deadline() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield  # signals reach the main thread only; elsewhere the caller's own limits hold
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    handler = signal.signal(signal.SIGALRM, interrupt)
    began = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, IMPORT_DEADLINE_S, _INSIST_S)
    try:
        yield
    finally:
        # Somebody else's timer goes on where it would be by now.
        passed = time.monotonic() - began
        signal.setitimer(signal.ITIMER_REAL, max(left - passed, 0.001) if left else 0.0, interval)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)


def _syntax(error: SyntaxError, shown: str, cwd: Path) -> StrategyLoadError:
    source = (error.text or "").strip()
    column = f":{error.offset}" if error.lineno and error.offset else ""
    file = _shown_file(error.filename, cwd) if error.filename else shown
    return StrategyLoadError(
        f"the strategy is not valid Python: {error.msg}",
        where=f"{file}:{error.lineno or 1}{column}" + (f": {source}" if source else ""),
        fix="repair the line",
        id="E410",
    )


def _not_found(
    error: ModuleNotFoundError, shown: str, cwd: Path, file: Path | None, module: str
) -> StrategyLoadError:
    name = error.name or ""
    top = name.partition(".")[0]
    if module and (module == name or module.startswith(f"{name}.")):
        here = (cwd / top).is_dir() or (cwd / f"{top}.py").is_file()
        return StrategyLoadError(
            f"there is no module {name!r}",
            where=shown,
            why="modules are found among the installed packages and on PYTHONPATH",
            fix=f"run with PYTHONPATH={cwd}, or install the package"
            if here
            else f"install the package, or add its folder to PYTHONPATH: PYTHONPATH={cwd}",
            id="E411",
        )
    where = _place(error.__traceback__, shown, cwd)
    if file is not None and top and _is_beside(file.parent, top):
        folder = file.parent
        return StrategyLoadError(
            f"the strategy imports its neighbour {top!r}, which is not on Python's path",
            where=where,
            why="a strategy file is loaded alone, so that no file beside it hides a library",
            fix=f"run with PYTHONPATH={folder}, or make the folder a package and name the "
            f"strategy package.module:Class",
            id="E411",
        )
    return StrategyLoadError(
        f"the strategy needs the module {name!r}, which is not installed",
        where=where,
        fix=f"install it beside runner: {Path(sys.executable).name} -m pip install {top}",
        id="E411",
    )


def _is_beside(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def _why(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return "the module it comes from does not have that name"
    return "the error comes from the module's own code, while it is loaded"


def _advice(error: BaseException) -> str:
    if isinstance(error, ImportError) and error.name == "runner":
        import runner

        missing = str(error).partition("'")[2].partition("'")[0]
        near = get_close_matches(missing, runner.__all__, n=1, cutoff=0.5)
        names = ", ".join(one for one in runner.__all__ if not one.startswith("_"))
        return f"did you mean {near[0]}?" if near else f"runner offers {names}"
    return "repair the line"


def _place(traceback: TracebackType | None, shown: str, cwd: Path) -> str:
    # The user's frame is the deepest one in the first file that is neither ours nor Python's
    # import system: below it come libraries, above it comes the runner.
    file, line = "", 0
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if not file and not name.startswith(("<frozen", _OURS)) and "importlib" not in name:
            file = name
        if file and name == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    if not file:
        return shown
    source = linecache.getline(file, line).strip()
    return f"{_shown_file(file, cwd)}:{line}" + (f": {source}" if source else "")


def _shown_file(name: str, cwd: Path) -> str:
    path = Path(name)
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else name


def _said(error: BaseException) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
