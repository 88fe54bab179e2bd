"""Every error id that the program raises is explained, and nothing else is."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import runner
from runner.errors import UsageError
from runner.explained import Entry, all_entries, find_entry
from runner.explained.lookup import FAMILIES

PACKAGE = Path(runner.__file__).parent
ENTRIES = all_entries()


def _ids_in_the_source() -> dict[str, str]:
    """Return every text of the source that is an error id, with a file that holds it."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        if file.parent == PACKAGE / "explained" and file.stem in FAMILIES:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.fullmatch(r"E\d{3,4}", text):
                found[text] = str(file.relative_to(PACKAGE))
    return found


def test_every_id_that_is_raised_is_explained() -> None:
    missing = {one: file for one, file in _ids_in_the_source().items() if one not in ENTRIES}

    assert missing == {}, "add an Entry for each to the file of its family in runner/explained"


def test_every_explained_id_is_raised() -> None:
    assert set(ENTRIES) - set(_ids_in_the_source()) == set()


def _exit_codes_in_the_source() -> set[tuple[str, str, int]]:
    """Return id, class and exit code of every error that is made with both by name."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            made = getattr(runner.errors, node.func.id, None)
            for keyword in node.keywords:
                value = keyword.value
                if made and keyword.arg == "id" and isinstance(value, ast.Constant):
                    found.add((value.value, node.func.id, made.exit_code))
    return found


def test_the_exit_code_of_an_id_is_that_of_the_error_it_is_raised_with() -> None:
    made = _exit_codes_in_the_source()

    assert len(made) > 50
    assert {
        one for one in made if one[0] in ENTRIES and ENTRIES[one[0]].exit_code != one[2]
    } == set()


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda one: one.id)
def test_an_entry_is_whole_and_in_plain_words(entry: Entry) -> None:
    texts = [entry.title, entry.means, entry.example, *entry.causes, *entry.fixes]

    assert re.fullmatch(r"E\d{3,4}", entry.id)
    assert entry.causes
    assert entry.fixes
    assert all(text and text == text.strip() and "  " not in text for text in texts)
    assert entry.title[0].isupper()
    assert not entry.title.endswith(".")
    assert entry.means.endswith(".")
    assert not any(text.endswith(".") for text in (*entry.causes, *entry.fixes))


def test_no_id_is_explained_twice() -> None:
    listed = [
        one.id for name in FAMILIES for one in import_module(f"runner.explained.{name}").ENTRIES
    ]

    assert len(listed) == len(set(listed))
    assert {one.stem for one in (PACKAGE / "explained").glob("*.py")} == {
        *FAMILIES,
        "__init__",
        "entry",
        "lookup",
    }


@pytest.mark.parametrize(
    "typed", ["E301", "e301", " 301 ", "error[E301]", "error[E301]:", "[E301]"]
)
def test_an_id_is_found_however_it_is_copied(typed: str) -> None:
    assert find_entry(typed).id == "E301"


def test_an_unknown_id_names_those_that_are_near() -> None:
    with pytest.raises(UsageError, match="did you mean E410 or E411 or E412"):
        find_entry("E409")
    with pytest.raises(UsageError, match="did you mean E410 or E411 or E412"):
        find_entry("41")
    with pytest.raises(UsageError, match="see them all: runner explain"):
        find_entry("hello")
