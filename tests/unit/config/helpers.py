"""A configuration made of texts: one file, one `.env`, variables and flags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.config.load import Loaded, load_config
from runner.config.problems import InvalidConfigError, Problem


def load(
    folder: Path,
    yaml: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    dotenv: str | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    """Load a configuration in `folder`, its file named c.yaml."""
    if yaml is not None:
        (folder / "c.yaml").write_text(yaml, encoding="utf-8")
    if dotenv is not None:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    file = None if yaml is None else Path("c.yaml")
    return load_config(file, flags=flags or {}, environ=env or {}, cwd=folder)


def problems(
    folder: Path,
    yaml: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    dotenv: str | None = None,
    flags: Mapping[str, object] | None = None,
) -> list[Problem]:
    """Return the problems of a configuration that must have some."""
    with pytest.raises(InvalidConfigError) as caught:
        load(folder, yaml, env=env, dotenv=dotenv, flags=flags)
    assert (caught.value.exit_code, caught.value.id) == (3, "E301")
    return list(caught.value.problems)


def only_problem(
    folder: Path,
    yaml: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    dotenv: str | None = None,
    flags: Mapping[str, object] | None = None,
) -> Problem:
    """Return the problem of a configuration that must have exactly one."""
    found = problems(folder, yaml, env=env, dotenv=dotenv, flags=flags)
    assert len(found) == 1, found
    return found[0]
