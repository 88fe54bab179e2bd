"""Lines of JSON that are chained: each ends in a digest of itself and of all before it.

    {"kind":"begun",...,"chain":"9f86d081884c7d65"}

A file that was cut has all whole lines before the cut. One in which a line was altered, removed or
moved is found out at the first line that does not follow the one before it. That is against decay
and careless hands: who can write the file can also chain it anew. Lines from before there were
chains are taken as they are, up to the first one that has a digest. Only the standard library may
be imported here.
"""

from __future__ import annotations

from hashlib import blake2b

_KEY = b',"chain":"'
_DIGITS = 16
_TAIL = len(_KEY) + _DIGITS + len(b'"}')


class Chain:
    """Makes lines follow each other, or tells whether they do."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = b""

    def sealed(self, line: bytes) -> bytes:
        """Return a JSON object with its digest. It counts once `follows` was told of it."""
        return b'%b%b%b"}' % (line[:-1], _KEY, self._digest(line))

    def follows(self, line: bytes) -> bool:
        """Tell whether a line without its newline is the next one; the one after it is then due."""
        if line[-_TAIL : -_DIGITS - 2] != _KEY:
            return not self._last
        digest = line[-_DIGITS - 2 : -2]
        if digest != self._digest(line[:-_TAIL] + b"}"):
            return False
        self._last = digest
        return True

    def next(self, line: bytes) -> bytes:
        """Return a JSON object with its digest; the one after it is then due."""
        digest = self._last = self._digest(line)
        return b'%b%b%b"}' % (line[:-1], _KEY, digest)

    def _digest(self, line: bytes) -> bytes:
        return blake2b(self._last + line, digest_size=_DIGITS // 2).hexdigest().encode()
