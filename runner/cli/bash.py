"""Completion in bash, which cuts words at `:` and `=` before it asks and wants only the last piece.

The program that answers knows nothing of that: `-s S:AAPL:c` reached it as five words, and the
whole word that it answers would be put behind the colon again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from contextlib import redirect_stdout
from io import StringIO

ASKED = "_RUNNER_COMPLETE"
"""The variable that a shell asks with."""
_CUTS = frozenset(":=")


def is_asking(environ: MutableMapping[str, str]) -> bool:
    """Tell whether bash asks what to offer, and nothing else."""
    return environ.get(ASKED) == "complete_bash" and "COMP_WORDS" in environ


def answer(environ: MutableMapping[str, str], program: Callable[[], object]) -> int:
    """Let the program answer for whole words; print what bash puts in place of the last piece."""
    words, last = whole_words(environ["COMP_WORDS"].split("\n"), int(environ["COMP_CWORD"]))
    environ["COMP_WORDS"], environ["COMP_CWORD"] = "\n".join(words), str(last)
    word = words[last] if last < len(words) else ""
    cut = max(word.rfind(one) for one in _CUTS) + 1
    said = StringIO()
    code = 0
    try:
        with redirect_stdout(said):
            program()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except Exception:  # noqa: BLE001 - a prompt is no place for an error
        return 1
    for one in said.getvalue().splitlines():
        sys.stdout.write((one[cut:] if one.startswith(word[:cut]) else one) + "\n")
    return code


def whole_words(pieces: list[str], at: int) -> tuple[list[str], int]:
    """Return the words that bash has cut, and which of them is the one with the piece `at`."""
    words: list[str] = []
    index = at
    is_open = False
    for number, piece in enumerate(pieces):
        is_cut = bool(piece) and _CUTS.issuperset(piece)
        if words and (is_cut or (is_open and piece)):
            words[-1] += piece
        else:
            words.append(piece)
        is_open = is_cut
        if number == at:
            index = len(words) - 1
    return words, index
