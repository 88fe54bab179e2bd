"""Draw the picture of the README: a real run in a real terminal of 80 columns.

python .github/picture.py     # writes .github/run.svg
"""

from __future__ import annotations

import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
COMMAND = "runner run strategies/sma_cross.py"
COLUMNS, ROWS = "80", "40"


def terminal_output() -> str:
    """Return all that the command writes to its terminal."""
    written = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 4096)
        written.extend(data)
        return b""

    os.environ.update(TERM="xterm-256color", COLUMNS=COLUMNS, LINES=ROWS)
    os.chdir(HERE.parent)
    pty.spawn([sys.executable, "-m", *COMMAND.split()], read)
    return written.decode().replace("\r\n", "\n")


def main() -> None:
    """Run and draw."""
    console = Console(record=True, width=int(COLUMNS), file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text(f"$ {COMMAND}", style="bold"))
    console.print(Text.from_ansi(terminal_output()))
    drawing = console.export_svg(title="runner")
    # The fonts would be fetched from a third party; any monospace font will do.
    (HERE / "run.svg").write_text(re.sub(r"\s*@font-face \{.*?\}", "", drawing, flags=re.S))


if __name__ == "__main__":
    main()
