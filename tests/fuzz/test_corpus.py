"""Every input that once led to something undocumented leads to it no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(file for file in CORPUS.glob("*/*") if file.is_file())


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: f"{file.parent.name} {file.name}")
def test_an_input_of_the_corpus_has_a_documented_outcome(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


def test_every_target_has_a_corpus_and_the_other_way_round() -> None:
    assert {file.parent.name for file in INPUTS} == TARGETS.keys()
