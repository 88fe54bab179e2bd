"""Loading a strategy: four forms, and what was found in place of one strategy."""

from __future__ import annotations

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from runner.errors import StrategyLoadError
from runner.strategy import loader
from runner.strategy.loader import load_strategy
from tests.unit.strategy.loading import GOOD, refusal, refused, write


def test_a_file_with_one_strategy_is_loaded_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, GOOD)

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_a_file_is_found_from_the_given_folder_and_not_from_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "strategies/mine.py")
    monkeypatch.chdir("/")

    assert load_strategy("strategies/mine.py", cwd=tmp_path).__name__ == "Mine"


def test_an_absolute_path_is_loaded_from_any_other_folder(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD, "a/mine.py")

    assert load_strategy(str(file), cwd=tmp_path / "b").__name__ == "Mine"


def test_a_class_of_several_is_chosen_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "\n\nclass Other(Mine):\n    pass\n")

    assert load_strategy("mine.py:Other", cwd=tmp_path).__name__ == "Other"


def test_a_class_of_an_importable_module_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "loader_house/rooms.py")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert load_strategy("loader_house.rooms:Mine", cwd=Path("/")).__name__ == "Mine"


def test_an_installed_strategy_is_loaded_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "loader_plugin.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed = EntryPoint("plugged", "loader_plugin:Mine", loader.GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [installed])

    assert load_strategy("plugged", cwd=tmp_path).__name__ == "Mine"


def test_a_module_of_the_standard_library_that_dataclasses_need_is_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from __future__ import annotations
        from dataclasses import dataclass
        from runner import Strategy

        @dataclass
        class Level:
            price: float

        class Mine(Strategy):
            level = Level(1.0)
        """,
    )

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_an_edited_file_is_loaded_afresh(tmp_path: Path) -> None:
    for name in ("Aaaa", "Bbbb"):  # of one length, within one second: byte code caches miss that
        write(tmp_path, GOOD.replace("Mine", name))

        assert load_strategy("mine.py", cwd=tmp_path).__name__ == name


def test_loading_leaves_nothing_beside_the_file_and_the_path_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    before = list(sys.path)

    load_strategy("mine.py", cwd=tmp_path)

    assert sys.path == before
    assert [one.name for one in tmp_path.iterdir()] == ["mine.py"]


def test_private_abstract_and_imported_classes_do_not_count(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from abc import ABC, abstractmethod
        from runner import Strategy

        class _Base(Strategy):
            pass

        class Frame(Strategy, ABC):
            @abstractmethod
            def decide(self) -> None: ...

        class Mine(_Base):
            pass
        """,
    )

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_S1_an_unknown_name_leads_to_the_file_that_was_meant(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "strategies/sma_cross.py")

    error = refused(tmp_path, "sma_cross")

    assert (error.exit_code, error.id) == (4, "E402")
    assert error.fix == "did you mean strategies/sma_cross.py?"


@pytest.mark.parametrize("spec", ["", "   ", ":Mine", "a b:Mine", "pkg.:Mine", "pkg:"])
def test_S1_what_names_nothing_shows_the_forms(tmp_path: Path, spec: str) -> None:
    error = refused(tmp_path, spec)

    assert (error.exit_code, error.id) == (4, "E403")
    assert "package.module:Class" in error.fix


def test_S2_a_file_without_a_class_lists_what_was_found(tmp_path: Path) -> None:
    error = refusal(tmp_path, "class Helper:\n    pass\n")

    assert (error.exit_code, error.id) == (4, "E420")
    assert error.why.endswith("found: Helper")


def test_S2_a_class_with_handlers_that_derives_from_nothing_is_recognised(tmp_path: Path) -> None:
    error = refusal(tmp_path, "class Mine:\n    def on_candle(self, candle):\n        pass\n")

    assert error.id == "E420"
    assert "class Mine(Strategy):" in error.fix


def test_S2_functions_on_their_own_are_recognised(tmp_path: Path) -> None:
    error = refusal(tmp_path, "def on_candle(candle):\n    pass\n")

    assert (error.id, error.why.rpartition(" ")[2]) == ("E420", "on_candle")


def test_S2_an_imported_strategy_runs_only_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD, "loader_origin.py")
    monkeypatch.syspath_prepend(str(tmp_path))

    error = refusal(tmp_path, "from loader_origin import Mine\n")

    assert (error.id, error.fix) == ("E420", "name it: mine.py:Mine")
    assert load_strategy("mine.py:Mine", cwd=tmp_path).__name__ == "Mine"


def test_S2_two_classes_are_listed_with_the_form_to_type(tmp_path: Path) -> None:
    error = refusal(tmp_path, GOOD + "\n\nclass Other(Strategy):\n    pass\n")

    assert (error.exit_code, error.id) == (4, "E422")
    assert error.fix == "name it: mine.py:Mine or mine.py:Other"


def test_S2_a_misspelt_class_gives_the_nearest(tmp_path: Path) -> None:
    error = refusal(tmp_path, GOOD, "mine.py:Mien")

    assert (error.exit_code, error.id, error.fix) == (4, "E421", "did you mean mine.py:Mine?")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Thing = 3", "is not a class, was int"),
        ("Thing = Mine()", "is an instance; name its class Mine"),
        ("Thing = dict", "does not derive from runner.Strategy"),
        ("Thing = Strategy", "is the base class"),
    ],
    ids=["number", "instance", "other class", "base class"],
)
def test_S2_a_name_that_is_no_strategy_class_says_what_it_is(
    tmp_path: Path, line: str, said: str
) -> None:
    error = refusal(tmp_path, GOOD + f"\n\n{line}\n", "mine.py:Thing")

    assert (error.exit_code, error.id) == (4, "E423")
    assert said in error.what


@pytest.mark.parametrize("name", ["json", "websockets", "enum", "runner"])
def test_S4_a_neighbour_does_not_take_the_place_of_a_library(tmp_path: Path, name: str) -> None:
    write(tmp_path, "raise AssertionError('the neighbour was imported')\n", f"{name}.py")
    write(tmp_path, f"import {name}\n" + GOOD)

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_errors_of_loading_have_exit_code_4() -> None:
    assert StrategyLoadError("x").exit_code == 4
