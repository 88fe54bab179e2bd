"""Files of records: private to their owner, never half written, never through a link.

Only the standard library may be imported here. Every function lets `OSError` pass: what becomes
of a run whose record cannot be written is not decided here.
"""

from __future__ import annotations

import os
from pathlib import Path

_SAFE = os.O_CLOEXEC | os.O_NOFOLLOW
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can look into; one that is there already stays as it is."""
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file that appears whole or not at all, replacing what was there.

    With `durable` it outlives a loss of power too, which takes a few milliseconds.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _SAFE, _PRIVATE_FILE)
    try:
        write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    if durable:
        _sync_folder(path.parent)


def open_new(path: Path) -> int:
    """Return the descriptor of a new file to append to; one that is there already is an error."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _SAFE
    return os.open(path, flags, _PRIVATE_FILE)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`: the system may take less at once."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file that is no link."""
    with open(os.open(path, os.O_RDONLY | _SAFE), "rb") as file:
        return file.read()


def open_existing(path: Path, *, write: bool = False) -> int:
    """Return the descriptor of a file that is there and is no link."""
    return os.open(path, (os.O_RDWR if write else os.O_RDONLY) | _SAFE)


def _sync_folder(folder: Path) -> None:
    # A rename is safe only once the folder that holds the name is on the disk, too.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
