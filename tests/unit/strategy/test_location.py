"""Where a strategy's file may lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.errors import ConfigError
from runner.strategy.loader import load_strategy
from tests.unit.strategy.loading import GOOD, refused, write


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


@pytest.mark.parametrize("spec", ["./strategies", "strategies", "strategies/"])
def test_S1_a_directory_lists_its_files(tmp_path: Path, spec: str) -> None:
    write(tmp_path, GOOD, "strategies/one.py")

    error = refused(tmp_path, spec)

    assert (error.id, error.why) == ("E401", "it holds strategies/one.py")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_S1_an_unreadable_file_is_an_error_of_loading(tmp_path: Path) -> None:
    write(tmp_path, GOOD).chmod(0)

    assert refused(tmp_path, "mine.py").exit_code == 4


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


def test_a_name_that_no_file_can_have_is_an_error_of_loading(tmp_path: Path) -> None:
    for spec in ("x" * 5000 + ".py", "a\0b.py", "x" * 5000):
        assert refused(tmp_path, spec).exit_code == 4
