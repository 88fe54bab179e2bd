"""Files that are not there, not text, or not YAML."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from runner.config import yaml_source
from runner.config.load import load_config
from runner.config.problems import InvalidConfigError
from tests.unit.config.helpers import load, only_problem, problems


def problem_of(file: Path, cwd: Path) -> str:
    with pytest.raises(InvalidConfigError) as caught:
        load_config(file, flags={}, environ={}, cwd=cwd)
    assert caught.value.exit_code == 3
    return "\n".join(caught.value.problems[0].lines())


def test_C1_a_missing_file_is_named(tmp_path: Path) -> None:
    text = problem_of(Path("configs/absent.yaml"), tmp_path)

    assert text.startswith("configs/absent.yaml: does not exist")


def test_C1_a_directory_is_named(tmp_path: Path) -> None:
    assert problem_of(Path("/"), tmp_path).startswith("/: is a directory")


def test_C1_a_device_is_not_read(tmp_path: Path) -> None:
    assert problem_of(Path("/dev/zero"), tmp_path).startswith("/dev/zero: cannot be read")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_C1_a_file_without_permission_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("ui: none")
    file.chmod(0)

    assert "cannot be read: permission denied" in problem_of(file, tmp_path)


def test_C1_a_file_that_fails_while_it_is_read_is_named(tmp_path: Path) -> None:
    assert "/proc/self/mem: cannot be read" in problem_of(Path("/proc/self/mem"), tmp_path)


def test_C1_a_file_over_one_mebibyte_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"#" * (1024 * 1024 + 1))

    assert "is larger than 1 MiB" in problem_of(file, tmp_path)


def test_C1_a_file_of_one_mebibyte_is_read(tmp_path: Path) -> None:
    loaded = load(tmp_path, "ui: none\n#".ljust(1024 * 1024, "x"))

    assert loaded.config.ui == "none"


def test_C1_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in problem_of(Path("x" * 5000), tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ui: none\nstrategy: caf\xe9\n", "c.yaml:2:1: is not UTF-8 text"),
        (b"ui: none\n a\x00b\n", "c.yaml:2:3: holds a control character (code 0)"),
        (b"\xff\xfeu\x00i\x00", "c.yaml:1:1: is not UTF-8 text"),
        (b"ui: \x1b[31mnone", "c.yaml:1:5: holds a control character (code 27)"),
    ],
    ids=["latin 1", "nul", "utf-16", "escape"],
)
def test_C2_bytes_that_are_not_text_are_refused(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / "c.yaml").write_bytes(content)

    assert problem_of(Path("c.yaml"), tmp_path).startswith(expected)


def test_a_strategy_given_as_a_configuration_is_recognised(tmp_path: Path) -> None:
    assert problem_of(Path("s.py"), tmp_path).endswith("--strategy s.py")


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"ui: none\n")
    os.close(writing)

    loaded = load_config(Path(f"/dev/fd/{reading}"), flags={}, environ={}, cwd=tmp_path)

    os.close(reading)
    assert loaded.config.ui == "none"


def test_very_many_unknown_keys_are_all_named(tmp_path: Path) -> None:
    text = "\n".join(f"max_event{n}: 1" for n in range(5000))

    assert len(problems(tmp_path, text)) == 5000


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xef\xbb\xbfui: none\r\nmax_events: 5\r\n")

    loaded = load_config(Path("c.yaml"), flags={}, environ={}, cwd=tmp_path)

    assert (loaded.config.ui, loaded.origins["max_events"].line) == ("none", 2)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null\n", "---\n...\n"])
def test_an_empty_file_is_a_valid_configuration(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).config == load(tmp_path).config


SYNTAX = [
    ("data:\n\tpath: x\n", "2:1: a tab cannot indent"),
    ("data:\n  path: x\n\ttimeframe: 1d\n", "3:1: a tab cannot indent"),
    ('strategy: "x.py\nui: none\n', "1:11: text in quotes does not end"),
    ("strategy: 'x.py\n", "1:11: text in quotes does not end"),
    ("data: path: x\n", "1:11: a second colon cannot stand here"),
    ("data: {path: x\nui: none\n", "2:3: a mapping in braces is not closed"),
    ("subscriptions: [a:candle\nui: none", "2:3: a list in brackets is not closed"),
    ("data:\n  path: x\n timeframe: 1d\n", "3:2: does not line up"),
    ("subscriptions:\n  - a:candle\n  b: c\n", "3:3: a key cannot follow the items of a list"),
    ("strategy: %x\n", "1:11: a value cannot start with %"),
    ("strategy: @x\n", "1:11: a value cannot start with @"),
    ("strategy: *x\n", "1:11: refers to &x, which is not defined"),
    ("ui: none\n---\nui: auto\n", "2:1: starts a second document"),
    ("- a\n- b\n", "1:1: must hold keys and values, was a list"),
    ("hello\n", "1:1: must hold keys and values, was text"),
    ("? [a]\n: b\n", "1:3: a key must be text, was a list"),
    ("subscriptions: [\n", "1:16: a value is missing"),
    ("a: - b\n", "1:4: a list item cannot stand here"),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX, ids=[expected for _, expected in SYNTAX])
def test_C2_a_syntax_error_shows_line_column_and_caret(
    tmp_path: Path, text: str, expected: str
) -> None:
    problem = only_problem(tmp_path, text)
    first, source, caret = problem.lines()

    assert first.startswith(f"c.yaml:{expected}")
    assert problem.hint
    assert source == "    " + text.split("\n")[problem.line - 1]
    assert caret.index("^") == 4 + problem.column - 1


@pytest.mark.parametrize(("text", "expected"), SYNTAX, ids=[expected for _, expected in SYNTAX])
def test_C2_the_pure_parser_is_understood_too(
    tmp_path: Path, text: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_source, "_Loader", yaml.SafeLoader)

    problem = only_problem(tmp_path, text)

    assert problem.line == int(expected.partition(":")[0])
    assert problem.hint


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "a: [" + "[" * 100_000])
def test_C2_depth_is_refused_without_recursion(tmp_path: Path, text: str) -> None:
    assert "is nested more than 32 deep" in only_problem(tmp_path, text).what


def test_C2_a_very_long_line_is_cut_around_the_caret(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "params: {" + " " * 4000 + "b: 1, b: 2}")
    _, source, caret = problem.lines()

    assert len(source) < 200
    assert source[caret.index("^")] == "b"


def test_C3_a_tag_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    text = f"strategy: !!python/object/apply:os.system ['touch {canary}']\n"

    found = problems(tmp_path, text)

    assert "c.yaml:1:11" in found[0].where
    assert found[0].what == "has the tag !!python/object/apply:os.system, and tags are not allowed"
    assert not canary.exists()


@pytest.mark.parametrize("tag", ["!!str", "!!int", "!x", "!!python/name:os.system", "!<tag:x,1:y>"])
def test_C3_every_tag_is_refused(tmp_path: Path, tag: str) -> None:
    assert "tags are not allowed" in only_problem(tmp_path, f"data:\n  path: {tag} x\n").what


@pytest.mark.parametrize(
    "text", ["subscriptions: &a [*a]", "&a [*a]", "data: &a {path: *a}", "params: &a\n  b: *a\n"]
)
def test_C4_an_alias_of_the_part_it_stands_in_is_refused(tmp_path: Path, text: str) -> None:
    assert "refers to the part it stands in" in only_problem(tmp_path, text).what


def test_C4_an_alias_stands_for_its_value(tmp_path: Path) -> None:
    text = "exchange:\n  commission: {rate: &r 5 bps}\n  slippage: {rate: *r}\n"

    exchange = load(tmp_path, text).config.exchange

    assert exchange.commission.rate == exchange.slippage.rate > 0


def test_C6_a_duplicate_key_names_both_lines(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "max_events: 5\nui: none\nmax_events: 6\n")

    assert (problem.where, problem.key) == ("c.yaml:3:1", "max_events")
    assert problem.what == "is written twice, first on line 1, again on line 3"


def test_C6_every_duplicate_is_named_wherever_it_is(tmp_path: Path) -> None:
    text = "params: {a: 1, a: 2}\ndata:\n  path: x\n  path: {y: z}\nui: none\n'ui': auto\n"

    assert [one.line for one in problems(tmp_path, text)] == [1, 4, 6]
