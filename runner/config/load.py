"""Read the configuration from every source and return it with the origin of every value.

The order is flag > environment > `.env` > file > default. All problems of all sources are reported
together. Environment and working directory are arguments: nothing here reads global state.
"""

from __future__ import annotations

import io
import os.path
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from runner.config.file_source import from_tree
from runner.config.files import SourceFile, read_text
from runner.config.keys import Key, all_keys, dotted
from runner.config.models import RunConfig, Runtime
from runner.config.problems import (
    DEFAULT,
    InvalidConfigError,
    Masker,
    Origin,
    Problem,
    problem_at,
)
from runner.config.sources import Layer, Leaf, from_flags, from_variables
from runner.config.units import ManyUnfitError, UnfitError
from runner.config.yaml_source import read_yaml
from runner.secrecy import VARIABLES, conceal

RUNTIME = ("runtime",)
DOTENV = ".env"

IMPLIES: dict[tuple[str, ...], Runtime] = {
    ("engine", "ws_url"): Runtime.ENGINE,
    ("engine", "rest_url"): Runtime.ENGINE,
    ("gateway", "url"): Runtime.GATEWAY,
}
"""Addresses that say what to run against when `runtime` itself is not set."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration and, for every key by its dotted name, where its value came from."""

    config: RunConfig
    origins: Mapping[str, Origin]
    file: Path | None = None


def load_config(
    file: Path | None,
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    cwd: Path,
) -> Loaded:
    """Read, merge and check the configuration.

    Args:
        file: a YAML file, relative to `cwd`; None for none.
        flags: values by dotted key (`data.from`), None for those not given; `params` takes a
            mapping or a list of `name=value`.
        environ: the environment.
        cwd: the working directory; its `.env` is read.

    Raises:
        InvalidConfigError: E301, with every problem of every source.
    """
    from_file = _read_file(file, cwd)
    layers = [
        from_flags(flags),
        from_variables((k, v, Origin("variable", k)) for k, v in environ.items()),
        _read_dotenv(cwd),
        from_file,
    ]
    conceal([*_secrets(layers), *(environ[name] for name in VARIABLES if name in environ)])
    merged: dict[tuple[str, ...], Leaf] = {}
    for layer in reversed(layers):
        merged.update(layer.leaves)
    problems = [problem for layer in layers for problem in layer.problems]

    implied = _implied_runtime(merged, problems)
    if implied is not None:
        layers.append(Layer({RUNTIME: implied}))
        merged[RUNTIME] = implied
    if file is not None:
        _anchor_paths(from_file, cwd, file.parent)

    config: RunConfig | None = None
    try:
        config = RunConfig(layers=[layer.nested() for layer in layers])
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            problems += _problems_of(details, merged)
    if problems or config is None:
        masker = Masker(_secrets(layers))
        order = {str(file): 0, DOTENV: 1}
        problems.sort(key=lambda one: (order.get(_file_of(one), 2), one.line, one.column))
        raise InvalidConfigError(masker.problem(problem) for problem in problems)

    origins = {dotted(path): DEFAULT for path in all_keys()}
    for path, leaf in merged.items():
        # Without its line: it may hold a secret, and it has done its work.
        origins[dotted(path)] = replace(leaf.origin, line_text="")
    return Loaded(config, origins, file)


def proxies_in_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy variables that are set, by name, without the logins in them."""
    mask = Masker()
    names = ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "no_proxy")
    found = {name: value for name, value in environ.items() if name.lower() in names and value}
    return {name: mask.text(value) for name, value in sorted(found.items())}


def _read_file(file: Path | None, cwd: Path) -> Layer:
    if file is None:
        return Layer()
    source = SourceFile(str(file))
    if file.suffix == ".py":
        hint = f"name it as the strategy: --strategy {file}"
        return Layer(problems=[Problem(source.name, "", "is not a configuration", hint)])
    root = read_yaml(cwd / file, source)
    return Layer(problems=source.problems) if root is None else from_tree(root, source)


def _read_dotenv(cwd: Path) -> Layer:
    path = cwd / DOTENV
    # A folder of that name is a virtual environment, not a mistake.
    if not path.exists() or path.is_dir():
        return Layer()
    source = SourceFile(DOTENV)
    text = read_text(path, source)
    bindings = [] if text is None else list(_bindings(text, source))
    layer = from_variables(bindings)
    layer.problems[:0] = source.problems
    return layer


def _bindings(text: str, source: SourceFile) -> Iterator[tuple[str, str | None, Origin]]:
    from dotenv.parser import parse_stream

    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        # The parser counts blank lines before a binding as part of it.
        blank = written[: len(written) - len(written.lstrip())].count("\n")
        line = binding.original.line + blank
        if binding.error:
            hint = "write it like ENGINE_WS_URL=ws://localhost:8081"
            source.report(line, 1, "is not NAME=value", hint)
        elif binding.key is not None:
            column = source.line_text(line).find(binding.key) + 1
            origin = Origin("dotenv", DOTENV, line, max(column, 1), source.line_text(line))
            yield binding.key, binding.value, origin


def _implied_runtime(
    merged: Mapping[tuple[str, ...], Leaf], problems: list[Problem]
) -> Leaf | None:
    if RUNTIME in merged:
        return None
    found = {IMPLIES[path]: merged[path] for path in reversed(IMPLIES) if path in merged}
    if len(found) == 2:
        engine, gateway = found[Runtime.ENGINE], found[Runtime.GATEWAY]
        what = (
            f"is not clear, was an engine ({_described(engine)})"
            f" and a gateway ({_described(gateway)})"
        )
        hint = "remove one of them, or write runtime: engine or gateway (--runtime)"
        problems.append(problem_at(gateway.origin, "runtime", what, hint))
        return None
    for runtime, leaf in found.items():
        return Leaf(RUNTIME, str(runtime), replace(leaf.origin, implied=True))
    return None


def _described(leaf: Leaf) -> str:
    return f"{dotted(leaf.path)} from {leaf.origin}"


_STRATEGY_CLASS = re.compile(r":[A-Za-z_]\w*$", re.ASCII)


# A relative path in a file means the place next to that file, if something is there.
def _anchor_paths(layer: Layer, cwd: Path, folder: Path) -> None:
    for path, leaf in list(layer.leaves.items()):
        kind = all_keys()[path].kind if path in all_keys() else None
        if kind is None or not kind.is_path or not isinstance(leaf.value, str):
            continue
        text = leaf.value.strip()
        place = _STRATEGY_CLASS.sub("", text) if path == ("strategy",) else text
        # A pattern cannot exist as such; the folder that it searches can.
        probe = Path(place.partition("{")[0] + "x").parent if "{" in place else Path(place)
        is_name = path == ("strategy",) and not place.endswith(".py")
        if is_name or not text or Path(place).is_absolute() or probe == Path():
            continue
        if os.path.exists(cwd / folder / probe):
            layer.leaves[path] = replace(leaf, value=str(folder / text))


def _problems_of(
    details: ErrorDetails, merged: Mapping[tuple[str, ...], Leaf]
) -> Iterator[Problem]:
    path = tuple(str(part) for part in details["loc"])
    error: Any = details.get("ctx", {}).get("error")
    parts: Sequence[UnfitError]
    if isinstance(error, ManyUnfitError):
        parts = error.parts
    elif isinstance(error, UnfitError):
        parts = [error]
    else:
        parts = [UnfitError(details["msg"][:1].lower() + details["msg"][1:])]
    for part in parts:
        names = tuple(name for name in part.at if isinstance(name, str))
        places = [place for place in part.at if isinstance(place, int)]
        full = (*path, *names)
        leaf = merged.get(full)
        origin = leaf.origin if leaf else DEFAULT
        if leaf and places and places[0] < len(leaf.items):
            origin = leaf.items[places[0]]
        yield problem_at(origin, dotted(full), part.what, part.hint)


def _secrets(layers: Sequence[Layer]) -> Iterator[str]:
    for layer in layers:
        for path, leaf in layer.leaves.items():
            key: Key | None = all_keys().get(path)
            if key is not None and key.kind.secret and leaf.value:
                yield str(leaf.value)


def _file_of(problem: Problem) -> str:
    return problem.where.rsplit(":", 2)[0] if problem.line else problem.where
