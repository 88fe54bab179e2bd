"""How findings are printed, with colour and without."""

from __future__ import annotations

import re

import pytest

from runner.cli.doctor import _text
from runner.doctor import Finding, Status
from runner.results.layout import Page

FOUND = Finding("directory", Status.WARN, "others may write " * 8, "chmod o-w .")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_colour_changes_nothing_but_the_colour(width: int) -> None:
    plain = list(_text(FOUND, Page(width=width)))
    coloured = "\n".join(_text(FOUND, Page(width=width, color=True)))

    assert plain[0].startswith("warn  directory         others")
    assert plain[-1].strip() == "fix: chmod o-w ."
    assert max(map(len, plain)) <= max(width, 44)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == "\n".join(plain)
    assert coloured.startswith("\x1b[33mwarn\x1b[0m")
