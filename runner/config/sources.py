"""Read each source into leaves: a key, what was written for it, and where.

Sources are a file's tree, variables (of the environment or of `.env`), and flags. Nothing is
converted here; unknown names and values of the wrong shape are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runner.config.keys import (
    ANY_KEY,
    GUIDE_VARIABLES,
    NESTING,
    PREFIX,
    Key,
    Path,
    all_keys,
    dotted,
    flag_name,
    names_in,
    sections,
)
from runner.config.problems import Origin, Problem, nearest, problem_at

PARAMS = ("params",)

FOREIGN = frozenset(
    (
        # GitHub's build agent sets these in every job, and self-hosted ones read the rest.
        "RUNNER_ALLOW_RUNASROOT",
        "RUNNER_ARCH",
        "RUNNER_DEBUG",
        "RUNNER_ENVIRONMENT",
        "RUNNER_MANUALLY_TRAP_SIG",
        "RUNNER_NAME",
        "RUNNER_OS",
        "RUNNER_PERFLOG",
        "RUNNER_TEMP",
        "RUNNER_TOOL_CACHE",
        "RUNNER_TOOLSDIRECTORY",
        "RUNNER_TRACKING_ID",
        "RUNNER_USER",
        "RUNNER_WORKSPACE",
        # GitLab's build agent sets or reads these.
        "RUNNER_AFTER_SCRIPT_TIMEOUT",
        "RUNNER_BUILDS_DIR",
        "RUNNER_CACHE_DIR",
        "RUNNER_EXECUTOR",
        "RUNNER_GENERATE_ARTIFACTS_METADATA",
        "RUNNER_SCRIPT_TIMEOUT",
        "RUNNER_SHELL",
        "RUNNER_TAG_LIST",
        "RUNNER_TEMP_PROJECT_DIR",
        "RUNNER_TOKEN",
    )
)
"""Variables with our prefix that belong to build agents; they are not ours to complain about."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one source says about one key: text, a list of texts, or nothing (None)."""

    path: Path
    value: Any
    origin: Origin
    items: tuple[Origin, ...] = ()
    """Where each entry of a list stands."""


@dataclass(slots=True)
class Layer:
    """All that one source says."""

    leaves: dict[Path, Leaf] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def nested(self) -> dict[str, Any]:
        """Return the values as nested dictionaries."""
        tree: dict[str, Any] = {}
        for path, leaf in self.leaves.items():
            place = tree
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place[path[-1]] = leaf.value
        return tree


def from_variables(given: Iterable[tuple[str, str | None, Origin]]) -> Layer:
    """Read variables: name, text (None if there is no `=`), origin. Others' names are ignored."""
    layer = Layer()
    by_name = {key.variable: key.path for key in all_keys().values()}
    for name, text, origin in given:
        path = GUIDE_VARIABLES.get(name) or by_name.get(name)
        if path is None and name.startswith(PREFIX):
            path = _variable_path(name, origin, layer, by_name)
        if path is None or name in FOREIGN:
            continue
        if path == PARAMS:
            what, hint = "holds one value per name", f"set {PREFIX}PARAMS{NESTING}FAST=10"
            layer.problems.append(problem_at(origin, dotted(path), what, hint))
            continue
        earlier = layer.leaves.get(path)
        # The same name twice in `.env`: the later line wins, as in a shell.
        if earlier and earlier.value != text and earlier.origin.name != origin.name:
            what = f"is set by {earlier.origin.name} and differently by {origin.name}"
            layer.problems.append(problem_at(origin, dotted(path), what, "keep one of them"))
            continue
        layer.leaves[path] = Leaf(path, text, origin)
    return layer


# The path of a parameter's variable; or None, after saying what is wrong with the name.
def _variable_path(
    name: str, origin: Origin, layer: Layer, known: Mapping[str, Path]
) -> Path | None:
    parts = tuple(part.lower() for part in name.removeprefix(PREFIX).split(NESTING))
    if parts[0] == "params" and len(parts) == 2 and parts[1]:
        written = name.split(NESTING, 1)[1]
        return ("params", written.lower() if written.isupper() else written)
    if name in FOREIGN:
        return None
    if parts in sections():
        example = next(variable for variable in known if variable.startswith(name + NESTING))
        what, hint = "holds a group of keys", f"set them one by one, such as {example}"
    else:
        near = nearest(name, known)
        what = "is not a variable of this program"
        hint = f"did you mean {near}?" if near else "remove it"
    layer.problems.append(problem_at(origin, "", what, hint))
    return None


def from_flags(given: Mapping[str, object]) -> Layer:
    """Read flags by dotted key; None means not given. `params` is a mapping or `name=value` texts,
    `set` is texts of `key=value`, which are weaker than the flags of their own.

    Raises:
        KeyError: a key that does not exist, which is a mistake of ours.
    """
    layer = Layer()
    _read_settings(given.get(ANY_KEY), layer)
    for name, value in given.items():
        if name == ANY_KEY:
            continue
        path = tuple(name.split("."))
        origin = Origin("flag", flag_name(path))
        if value is None or (isinstance(value, list | tuple | dict) and not value):
            continue
        if path == PARAMS:
            for part, text in _assignments(value, origin, layer):
                leaf = ("params", part)
                layer.leaves[leaf] = Leaf(leaf, text, replace(origin, name=f"{origin.name} {part}"))
            continue
        all_keys()[path]
        if isinstance(value, Sequence) and not isinstance(value, str):
            items = tuple(origin for _ in value)
            layer.leaves[path] = Leaf(path, list(value), origin, items)
        else:
            layer.leaves[path] = Leaf(path, value, origin)
    return layer


def _read_settings(texts: object, layer: Layer) -> None:
    origin = Origin("flag", f"--{ANY_KEY}")
    for name, text in _assignments(texts or [], origin, layer):
        path = tuple(name.split("."))
        is_parameter = path[0] == PARAMS[0] and len(path) == 2
        if (path in all_keys() and path != PARAMS) or is_parameter:
            layer.leaves[path] = Leaf(path, text, replace(origin, name=f"--{ANY_KEY} {name}"))
            continue
        near = nearest(name, [key.name for key in all_keys().values()])
        hint = f"did you mean {near}?" if near else "runner validate-config lists all keys"
        layer.problems.append(problem_at(origin, name, "is not a key", hint))


def _assignments(value: object, origin: Origin, layer: Layer) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [(str(name), one) for name, one in value.items()]
    pairs: list[tuple[str, object]] = []
    for text in value if isinstance(value, list | tuple) else [value]:
        name, equals, one = str(text).partition("=")
        if equals and name.strip():
            pairs.append((name.strip(), one.strip()))
        else:
            what, hint = f"must be name=value, was {text!r}", "write it like fast=10"
            layer.problems.append(problem_at(origin, "params", what, hint))
    return pairs


def suggestion(name: str, section: Path) -> str:
    """Return what to write instead of the unknown `name` in `section`."""
    within = [known for known in names_in(section) if name in known.split("_")]
    near = nearest(name, names_in(section)) or next(iter(within), "")
    if near:
        return f"did you mean {dotted((*section, near))}?"
    elsewhere = [key.name for key in all_keys().values() if key.path[-1] == name]
    if elsewhere:
        return f"did you mean {elsewhere[0]}?"
    return "known here: " + ", ".join(names_in(section))


def is_secret_like(name: str, section: Path) -> bool:
    """Return True when an unknown key could be a secret one misspelt."""
    near: Key | None = all_keys().get((*section, nearest(name, names_in(section))))
    return near is not None and near.kind.secret
