"""Which strategies there are, and whether they can run."""

from __future__ import annotations

from pathlib import Path

from runner.strategy.listing import list_strategies

GOOD = '''
from runner import Strategy, param

class Good(Strategy):
    """Do good.

    At length.
    """

    fast: int = param(10, ge=2, help="candles")
'''
TWO = """
from runner import Strategy, param

class _Base(Strategy):
    pass

class First(_Base):
    def on_candel(self, candle): ...

class Second(_Base):
    fast: int = param(1, ge=2)

class Third(_Base):
    fast: "Unknown" = param(1)
"""


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.py").write_text(text)
    return path


def problems(*places: str, cwd: Path) -> dict[str, str]:
    found = list_strategies(places, cwd=cwd)
    return {one.name: one.problem.id if one.problem else "ok" for one in found}


def test_a_strategy_is_listed_with_what_it_says_of_itself(tmp_path: Path) -> None:
    folder(tmp_path / "strategies", good=GOOD)

    (one,) = list_strategies([], cwd=tmp_path)

    assert (one.name, one.doc, one.problem) == ("strategies/good.py", "Do good.", None)
    assert {name: declared.default for name, declared in one.params.items()} == {"fast": 10}


def test_each_of_several_in_a_file_has_its_own_name_and_problem(tmp_path: Path) -> None:
    folder(tmp_path / "strategies", two=TWO)

    assert problems(cwd=tmp_path) == {
        "strategies/two.py:First": "E430",
        "strategies/two.py:Second": "E310",
        "strategies/two.py:Third": "E433",
    }


def test_one_that_cannot_be_loaded_does_not_hide_the_others(tmp_path: Path) -> None:
    folder(tmp_path / "strategies", a="import no_such", b="raise SystemExit(0)", good=GOOD)

    assert list(problems(cwd=tmp_path).values()) == ["E411", "E413", "ok"]


def test_files_of_helpers_and_tests_are_left_out_of_a_folder(tmp_path: Path) -> None:
    names = ("helpers", "test_good", "good_test", "conftest", "_base", ".hidden")
    folder(tmp_path / "strategies", **dict.fromkeys(names, "X = 1"))

    assert problems(cwd=tmp_path) == {}


def test_a_file_that_is_named_must_have_a_strategy(tmp_path: Path) -> None:
    folder(tmp_path / "below", helpers="X = 1", good=GOOD)

    assert problems("below/helpers.py", "below", cwd=tmp_path) == {
        "below/helpers.py": "E420",
        "below/good.py": "ok",
    }


def test_a_class_and_an_installed_name_can_be_asked_for(tmp_path: Path) -> None:
    folder(tmp_path / "below", two=TWO, good=GOOD)

    assert problems("below/good.py:Good", "no_such", cwd=tmp_path) == {
        "below/good.py:Good": "ok",
        "no_such": "E402",
    }


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    assert problems(cwd=tmp_path) == {}
