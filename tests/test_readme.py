"""The README tells the truth: its tables, its quoted sources, its commands and its links."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer.main

from runner.cli.root import app
from tests.integration.pytest_process import pytest_in
from tests.readme_tables import README, ROOT, rendered


def test_tables_and_quoted_sources_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")

    assert rendered(text) == text


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def _quoted_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    commands = [line.partition(" #")[0].strip() for line in lines]
    return [line[line.index("runner ") :] for line in commands if re.search(r"(^|\s)runner ", line)]


@pytest.mark.parametrize("command", _quoted_commands())
def test_every_quoted_command_is_one_the_program_understands(command: str) -> None:
    words = shlex.split(command)[1:]
    words = words[: words.index(">")] if ">" in words else words
    node = typer.main.get_command(app)
    while words and words[0] in getattr(node, "commands", {}):
        node = node.commands[words.pop(0)]  # type: ignore[attr-defined]

    # Parsing refuses an option that does not exist, without running anything.
    node.make_context("runner", words, resilient_parsing=False)


def test_the_quoted_strategy_test_passes(tmp_path: Path) -> None:
    found = re.search(
        r"<!-- strategy-test -->\n```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S
    )
    assert found
    (tmp_path / "test_sma_cross.py").write_text(found[1])
    shutil.copy(ROOT / "strategies" / "sma_cross.py", tmp_path)

    done = pytest_in(tmp_path)

    assert "1 passed" in done.stdout, done.stdout
