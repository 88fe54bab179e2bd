"""Files of records: private, whole, and never reached through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.records.files import make_private, open_new, read_whole, write_whole


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_X9_files_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private(tmp_path / "folder")
        write_whole(tmp_path / "folder" / "whole", b"text")
        os.close(open_new(tmp_path / "folder" / "lines"))
    finally:
        os.umask(before)

    assert mode(tmp_path / "folder") == 0o700
    assert mode(tmp_path / "folder" / "whole") == mode(tmp_path / "folder" / "lines") == 0o600


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(
    tmp_path: Path, durable: bool
) -> None:
    write_whole(tmp_path / "file", b"long, and of before", durable=durable)
    write_whole(tmp_path / "file", b"short", durable=durable)

    assert read_whole(tmp_path / "file") == b"short"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "file", b"text")

    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_X9_a_link_is_neither_read_nor_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    (tmp_path / "link").symlink_to(target)

    with pytest.raises(OSError, match="symbolic links"):
        read_whole(tmp_path / "link")
    with pytest.raises(FileExistsError):
        open_new(tmp_path / "link")
    write_whole(tmp_path / "link", b"other")

    assert target.read_bytes() == b"mine"
    assert not (tmp_path / "link").is_symlink()
