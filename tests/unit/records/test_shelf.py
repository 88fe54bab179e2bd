"""The shelf: ids, what a user may type for one, and folders that appear whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import ConfigError
from runner.records.holding import holder_of
from runner.records.shelf import LETTERS, Shelf, matching
from tests.unit.records.making import MOMENT, drawing

IDS = ["20260130-bcdf", "20260131-bcxx", "20260131-qrst"]


def shelf_in(folder: Path) -> Shelf:
    shelf = Shelf(folder / ".runner")
    shelf.prepare()
    return shelf


def nothing(folder: Path, name: str) -> None:
    (folder / "begin.json").write_text(name)


def test_records_keep_themselves_out_of_version_control(tmp_path: Path) -> None:
    shelf_in(tmp_path)

    assert (tmp_path / ".runner" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".runner").stat().st_mode & 0o777 == 0o700


def test_a_run_is_named_by_its_day_and_four_letters(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)

    folder, hold = shelf.add(MOMENT, nothing, lambda: 0.0)

    assert folder.name == f"20260131-{LETTERS[0] * 4}"
    assert shelf.ids() == [folder.name]
    assert (folder / "begin.json").read_text() == folder.name
    assert holder_of(folder) is not None
    hold.release()


def test_O6_a_name_that_is_taken_is_not_used_again(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    draw = drawing(0, 0, 0, 0, 0, 0, 0, 0, 0.99, 0.99, 0.99, 0.99)

    folders = [shelf.add(MOMENT, nothing, lambda: next(draw)) for _ in range(2)]

    assert [folder.name[-4:] for folder, _ in folders] == ["bbbb", "zzzz"]
    assert all(holder_of(folder) is not None for folder, _ in folders)
    assert len(list(shelf.runs.iterdir())) == 2


def test_a_record_that_cannot_be_begun_leaves_nothing(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)

    def full(folder: Path, name: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        shelf.add(MOMENT, full)

    assert list(shelf.runs.iterdir()) == []


def test_what_killed_processes_left_half_made_is_swept_away(tmp_path: Path) -> None:
    import os

    shelf = shelf_in(tmp_path)
    old, young = shelf.runs / ".20260101-bbbb.1", shelf.runs / ".20260101-cccc.1"
    for one in (old, young):
        one.mkdir()
    os.utime(old, (0, 0))

    shelf.sweep()

    assert list(shelf.runs.iterdir()) == [young]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("20260131-qrst", "20260131-qrst"),
        ("20260130", "20260130-bcdf"),
        ("qr", "20260131-qrst"),
        ("QRST", "20260131-qrst"),
        ("bcx", "20260131-bcxx"),
        ("last", "20260131-qrst"),
        ("last~1", "20260131-bcxx"),
        ("last~2", "20260130-bcdf"),
    ],
)
def test_any_beginning_that_only_one_run_has_is_enough(typed: str, meant: str) -> None:
    assert matching(typed, IDS, shelf=".runner") == meant


def test_a_beginning_that_several_runs_have_names_them() -> None:
    with pytest.raises(ConfigError, match="fits 2 records: 20260130-bcdf, 20260131-bcxx") as error:
        matching("bc", IDS, shelf=".runner")

    assert error.value.id == "E391"


@pytest.mark.parametrize(
    ("typed", "near"),
    [("20260131-qrsv", "20260131-qrst"), ("qrsz", "20260131-qrst"), ("2026-01-30", "20260130")],
)
def test_an_unknown_id_is_answered_with_the_nearest(typed: str, near: str) -> None:
    with pytest.raises(ConfigError, match="no record of a run") as error:
        matching(typed, IDS, shelf=".runner")

    assert error.value.id == "E390"
    assert f"did you mean {near}" in error.value.fix


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "../20260130-bcdf",
        "/etc",
        "a\0b",
        "CON",
        "x" * 300,
        ".",
        "20260130-bcdf/..",
        "*",
        "\n",
        "last~3",
        "last~",
    ],
)
def test_X9_what_is_no_id_never_becomes_a_path(typed: str) -> None:
    with pytest.raises(ConfigError) as error:
        matching(typed, IDS, shelf=".runner")

    assert error.value.exit_code == 3
    assert len("\n".join(error.value.lines())) < 300
    assert all(line.isprintable() for line in error.value.lines())


def test_without_any_record_the_way_to_the_first_is_told() -> None:
    with pytest.raises(ConfigError, match="no records yet") as error:
        matching("last", [], shelf=".runner")

    assert "runner run" in error.value.fix


def test_folders_of_other_names_and_links_are_no_records(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    (shelf.runs / "notes").mkdir()
    (shelf.runs / "20260131-bcdf").symlink_to(tmp_path)
    (shelf.runs / "20260131-file").write_text("")

    assert shelf.ids() == []
    assert Shelf(tmp_path / "nowhere").ids() == []
