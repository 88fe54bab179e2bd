"""Write the files of a new strategy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.errors import MachineError, UsageError
from runner.scaffold.names import Names
from runner.scaffold.template import Template

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Made:
    """One written file, and what it is."""

    path: Path
    what: str


def write_strategy(
    names: Names, template: Template, *, cwd: Path, replace: bool = False
) -> list[Made]:
    """Write strategy, test and configuration and return them; the folder is made if need be.

    Raises:
        UsageError: E204, one of the files is already there; none is written then.
        MachineError: E1010, the system refuses to write.
    """
    planned = [
        (names.strategy, "strategy.py", f"the strategy {names.class_name}"),
        (names.test, "check.py", "its test"),
        (names.config, "config.yaml", "a configuration"),
    ]
    there = [path for path, _, _ in planned if (cwd / path).exists()]
    if there and not replace:
        raise UsageError(
            "the file is already there" if len(there) == 1 else "the files are already there",
            where=", ".join(map(str, there)),
            why="what you have written is not replaced unless you say so",
            fix="choose another name, or replace it with --force",
            id="E204",
        )
    made = []
    for path, source, what in planned:
        text = (_TEMPLATES / template / source).read_text(encoding="utf-8")
        text = text.replace("NewStrategy", names.class_name)
        _write(cwd, path, text.replace("new_strategy", names.strategy.stem), replace=replace)
        made.append(Made(path, what))
    return made


def _write(cwd: Path, path: Path, text: str, *, replace: bool) -> None:
    target = cwd / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # "x" does not follow a link to a place where nothing is yet.
        with target.open("w" if replace else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise MachineError(
            f"the file cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(path),
            fix="check the directory, its permissions and the room on the disk",
            id="E1010",
        ) from None
