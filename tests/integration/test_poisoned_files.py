"""Files of objects where data are expected: they are refused, and never made into objects."""

from __future__ import annotations

import ast
import gzip
import io
import pickle
from pathlib import Path

import pytest

from tests.integration.test_cli import ROOT, SMA, runner


class Payload:
    """Makes a file as soon as somebody makes an object of it."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.canary), "w")


def pickled(canary: Path) -> bytes:
    return pickle.dumps(Payload(canary), protocol=0)


def numpy_file(canary: Path) -> bytes:
    """Return a file of an array of one object, as numpy writes it."""
    head = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    head += b" " * (117 - len(head)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + pickled(canary)


FORMS = {"a pickle": pickled, "an array of objects": numpy_file}


@pytest.mark.parametrize("name", ["x.pkl", "x.npy", "x.csv", "x.csv.gz", "x.parquet", "x.zst"])
@pytest.mark.parametrize("form", FORMS)
def test_X11_a_file_of_objects_is_no_file_of_prices(tmp_path: Path, form: str, name: str) -> None:
    canary = tmp_path / "canary"
    data = FORMS[form](canary)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    done = runner("run", str(ROOT / SMA), "--trust", "--data", name, cwd=tmp_path)

    assert done.returncode == 3, done.stdout + done.stderr
    assert not canary.exists()


@pytest.mark.parametrize("form", FORMS)
def test_X11_what_rests_between_runs_is_never_made_into_objects(tmp_path: Path, form: str) -> None:
    canary = tmp_path / "canary"
    first = runner(
        *("run", str(ROOT / SMA), "--trust", "--record", "-q"),
        cwd=tmp_path,
        RUNNER_RECORDS__ENABLED="true",
    )
    assert first.returncode == 0, first.stderr
    for file in [one for one in (tmp_path / ".runner").rglob("*") if one.is_file()]:
        file.chmod(0o600)
        file.write_bytes(FORMS[form](canary))

    for command in ("runs", "runs show last", "replay last", "report last --format text"):
        done = runner(*command.split(), cwd=tmp_path, RUNNER_RECORDS__ENABLED="true")
        assert done.returncode != 1, done.stderr  # 1 would be a defect

    assert not canary.exists()


def test_X11_nothing_that_makes_objects_of_bytes_is_imported_or_called() -> None:
    forbidden = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    loaders = {"unsafe_load", "full_load", "read_pickle"}

    found = []
    for file in (ROOT / "runner").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    named = {one.name.partition(".")[0] for one in names} & forbidden
                case ast.ImportFrom(module=str(module)):
                    named = {module.partition(".")[0]} & forbidden
                case ast.Attribute(attr=attribute):
                    named = {attribute} & loaders
                case _:
                    continue
            found += [f"{file.name}: {one}" for one in named]
    assert found == []
    assert io.BytesIO(pickled(Path("x"))).read()  # the payload is one that would work
