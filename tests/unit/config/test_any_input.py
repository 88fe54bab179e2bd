"""Whatever a source holds, the outcome is a configuration or a list of problems."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.keys import all_keys
from runner.config.load import load_config
from runner.config.problems import InvalidConfigError, Problem

NOWHERE = Path("/nonexistent")
WORDS = """ui params data & &a * *a - -- ? | > ' " # [ ] { } !!str ! % ~ x \\ --- ... @ `"""
PIECES = WORDS.split()
YAMLISH = st.lists(st.sampled_from([*PIECES, ": ", ", ", "\n", " ", "\t", ":"]), max_size=40)
TEXTS = st.text() | YAMLISH.map("".join)
KEYS = [key for key in all_keys().values() if key.path != ("params",)]


def outcome(
    file: Path | None = None,
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path = NOWHERE,
) -> tuple[Problem, ...] | None:
    """Return the problems of a configuration, or None when it is valid."""
    try:
        load_config(file, flags=flags or {}, environ=environ or {}, cwd=cwd)
    except InvalidConfigError as error:
        return error.problems
    return None


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_no_file_leads_to_anything_but_problems(yaml: str, dotenv: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "c.yaml").write_text(yaml, encoding="utf-8")
        (Path(folder) / ".env").write_text(dotenv, encoding="utf-8")

        found = outcome(Path("c.yaml"), cwd=Path(folder))

    assert found is None or all(problem.lines() for problem in found)
    assert found != ()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KEYS), st.text())
def test_no_variable_leads_to_anything_but_problems(key, text: str) -> None:  # type: ignore[no-untyped-def]
    found = outcome(environ={key.variable: text})

    assert found is None or {one.where for one in found} == {f"variable {key.variable}"}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(KEYS),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
)
def test_no_flag_leads_to_anything_but_problems(key, value: object) -> None:  # type: ignore[no-untyped-def]
    found = outcome(flags={key.name: value})

    assert found is None or {one.key for one in found} <= {key.name, "runtime"}
