"""What the text of a strategy's file declares, read without running any of it.

For the completion of a shell only: it sees what is written out in the class, not what code makes.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_BYTES = 1024 * 1024
"""A larger file is read too slowly for somebody who waits at a prompt."""


@dataclass(slots=True)
class Declared:
    """What a strategy declares."""

    params: dict[str, str] = field(default_factory=dict)
    """The default of each parameter as it would be typed; empty where it cannot be."""
    asked: list[str] = field(default_factory=list)
    """Its default subscriptions."""


def declared_in(spec: str, cwd: Path) -> Declared:
    """Return what the strategy declares that a path, `path.py:Class` or a YAML file names."""
    if spec.endswith((".yaml", ".yml")):
        spec = _named_by(cwd / spec)
    file, _, name = spec.rpartition(":") if ".py:" in spec else (spec, "", "")
    text = _text(cwd / file) if file.endswith(".py") else ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the author's escapes, at a prompt
        classes = {one.name: one for one in ast.parse(text).body if isinstance(one, ast.ClassDef)}
    found = Declared()
    for one in _line_of(name, classes) if name else classes.values():
        for statement in one.body:
            _declare(statement, found)
    return found


def _line_of(name: str, classes: dict[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """Yield a class after the bases of it that the same file has."""
    one = classes.pop(name, None)
    if one is not None:
        for base in one.bases:
            if isinstance(base, ast.Name):
                yield from _line_of(base.id, classes)
        yield one


def _declare(statement: ast.stmt, found: Declared) -> None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case _:
            return
    match value:
        case ast.Call(func=ast.Name(id="param") | ast.Attribute(attr="param"), args=args):
            found.params[name] = _typed(args[0]) if args else ""
        case ast.Tuple(elts=items) | ast.List(elts=items) if name == "default_subscriptions":
            found.asked += [
                one.value
                for one in items
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]


def _typed(default: ast.expr) -> str:
    try:
        value = ast.literal_eval(default)
    except ValueError:
        return ""
    return str(value) if isinstance(value, bool | int | float) else ""


def _named_by(file: Path) -> str:
    from runner.config.files import SourceFile
    from runner.config.yaml_source import Text, read_yaml

    tree = read_yaml(file, SourceFile(str(file)))
    for key, node in tree.entries if tree else ():
        if key.text == "strategy" and isinstance(node, Text):
            # As a run takes it: next to that file, if something is there.
            beside = (file.parent / node.text.partition(":")[0]).exists()
            return str(file.parent / node.text) if beside else node.text
    return ""


def _text(file: Path) -> str:
    # Only a file: the end of a pipe would let the prompt wait.
    if not file.is_file() or file.stat().st_size > MAX_BYTES:
        return ""
    return file.read_text("utf-8")
