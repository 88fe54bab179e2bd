"""`runner new` as a user meets it: what it writes passes at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.scaffold.template import Template
from tests.integration.pytest_process import pytest_in
from tests.integration.test_cli import runner


@pytest.mark.parametrize("template", Template)
def test_a_new_strategy_passes_its_test_its_check_and_its_run(
    template: Template, tmp_path: Path
) -> None:
    made = runner("new", "below/my-idea.py", "--template", template, cwd=tmp_path)
    tested = pytest_in(tmp_path)
    checked = runner("validate-config", "below/my-idea.yaml", cwd=tmp_path)
    ran = runner("run", "below/my-idea.yaml", "--json", cwd=tmp_path)

    assert made.returncode == 0, made.stderr
    assert "runner run below/my-idea.yaml" in made.stdout
    assert tested.returncode == 0, tested.stdout
    assert (checked.returncode, ran.returncode) == (0, 0), ran.stderr
    document = json.loads(ran.stdout)
    assert document["strategy"]["name"] == "MyIdea"
    assert bool(document["trades"]) is (template is not Template.BLANK)


def test_nothing_is_replaced_unless_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("runtime: embedded\n")

    refused = runner("new", "mine.py", cwd=tmp_path)
    written = sorted(one.name for one in tmp_path.iterdir())
    forced = runner("new", "mine.py", "--force", cwd=tmp_path)

    assert refused.returncode == 2
    assert refused.stderr.startswith("error[E204]: the file is already there\n  where: mine.yaml\n")
    assert "--force" in refused.stderr
    assert written == ["mine.yaml"]
    assert forced.returncode == 0
    assert "strategy: mine.py" in (tmp_path / "mine.yaml").read_text()


def test_a_place_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = runner("new", "file/mine.py", cwd=tmp_path)

    assert done.returncode == 10
    assert "error[E1010]" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_template_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = runner("new", "mine.py", "--template", "smaa", cwd=tmp_path)

    assert done.returncode == 2
    assert "breakout" in done.stderr
    assert list(tmp_path.iterdir()) == []
