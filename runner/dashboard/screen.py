"""A terminal's other screen: entered, drawn upon line by line, and left as it was found.

One write for each frame, of the lines that changed. May import rich and the standard library. A
terminal that is gone raises `OSError`; one that does not keep up only holds up the thread that
draws.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from rich.text import Text

from runner.dashboard.layout import segments_of
from runner.dashboard.pane import Size
from runner.secrecy import concealed_bytes

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""The other screen, no cursor, and no wrapping: a terminal made narrower must not scroll."""
LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
_TO_THE_END = "\x1b[0m\x1b[K"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Terminals that know these show all that is between them at once; the others ignore them."""


class Screen:
    """Draws lines on one terminal."""

    def __init__(self, descriptor: int, environ: Mapping[str, str]) -> None:
        self._descriptor = descriptor
        self._console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
        self._has_color = not environ.get("NO_COLOR")
        self._styles: dict[Style, Style] = {}
        self._shown: list[str] = []
        self.drawn_size: Size | None = None
        self.is_entered = False

    def size(self) -> Size:
        """Return columns and rows; 0 and 0 where the terminal does not say.

        Raises:
            OSError: the terminal is gone.
        """
        found = os.get_terminal_size(self._descriptor)
        return Size(found.columns, found.lines)

    def enter(self) -> None:
        """Switch to the other screen."""
        self.is_entered = True
        self._shown, self.drawn_size = [], None
        self._write(ENTER)

    def leave(self) -> None:
        """Switch back, at most once; a terminal that is gone is none of our business any more."""
        if self.is_entered:
            self.is_entered = False
            try:
                self._write(LEAVE)
            except OSError:
                return

    def draw(self, lines: Sequence[Sequence[Text]], size: Size, *, afresh: bool = False) -> None:
        """Show `lines` from the top, drawing those that changed, or all of them `afresh`.

        Nothing is blanked before it is drawn over, unless the size is another: it would flicker.
        """
        drawn = [self._line(line, size.width) for line in lines[: size.height]]
        out = [_BEGIN]
        if size != self.drawn_size:
            out.append("\x1b[2J")
        if afresh or size != self.drawn_size:
            self.drawn_size, self._shown = size, []
        before = self._shown
        for row, line in enumerate(drawn):
            if row >= len(before) or before[row] != line:
                out.append(f"\x1b[{row + 1};1H{line}")
        if len(drawn) < size.height and (afresh or len(before) > len(drawn)):
            out.append(f"\x1b[{len(drawn) + 1};1H\x1b[J")
        self._shown = drawn
        if len(out) > 1:
            self._write("".join([*out, _END]))

    def _line(self, parts: Sequence[Text], width: int) -> str:
        written = []
        for part in parts:
            for text, style, _ in segments_of(part, self._console):
                written.append(
                    self._style(style).render(text, color_system=ColorSystem.STANDARD)
                    if style
                    else text
                )
        if sum(part.cell_len for part in parts) < width:
            # In the last column it would take away what stands there.
            written.append(_TO_THE_END)
        return "".join(written)

    def _style(self, style: Style) -> Style:
        if self._has_color:
            return style
        found = self._styles.get(style)
        if found is None:
            found = self._styles[style] = style.without_color
        return found

    def _write(self, text: str) -> None:
        data = concealed_bytes(text.encode("utf-8", "replace"))
        while data:
            data = data[os.write(self._descriptor, data) :]
