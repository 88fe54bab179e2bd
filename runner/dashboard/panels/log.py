"""What the strategy printed, and what was logged."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs
from runner.dashboard.formats import wrapped
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import Snapshot

_STYLES = {"error": "bold", "warning": "bold", "debug": "dim"}


def draw_log(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:  # noqa: ARG001
    """Draw each, the newest last; what is longer than a line goes on in the next."""
    if not snapshot.log:
        said = f"nothing printed; log level {snapshot.log_level} (l changes it)"
        return [Text(part, "dim") for part in wrapped(said, size.width)]
    lines: list[Text] = []
    for one in snapshot.log:
        said = one.text if one.level == "print" else f"{one.level.upper()}: {one.text}"
        lines.extend(
            Text(part, _STYLES.get(one.level, ""), end="") for part in wrapped(said, size.width)
        )
    return lines


LOG = Pane("Log", draw_log, Size(26, 5), weight=2, is_tail=True)
