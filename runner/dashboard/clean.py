"""Text from elsewhere made safe to show: no escape sequence of it ever reaches a terminal.

A symbol, a reject reason or a printed line comes from a peer or a strategy. Standard library only.
"""

from __future__ import annotations

import re

# In the order of ECMA-48: strings (OSC, DCS, SOS, PM, APC) up to their terminator or the end of the
# line, control sequences, and all other escapes; then the same by their 8-bit introducers.
_SEQUENCES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)


def clean(text: str) -> str:
    """Return one line of `text` without escape sequences, control and invisible characters.

    Tabs and line breaks become blanks. Half of a surrogate pair, which cannot be written, becomes
    a question mark.
    """
    if text.isprintable():
        return text
    shown = _SEQUENCES.sub("", text)
    shown = shown.replace("\t", " ").replace("\r", " ").replace("\n", " ")
    shown = "".join(one for one in shown if one.isprintable() or "\ud800" <= one <= "\udfff")
    return shown.encode("utf-8", "replace").decode()
