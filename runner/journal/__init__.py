"""What a live run writes down before it acts, and what the next run reads first.

`lines` are the kinds of line, `file` the append-only file that they stand in, `past` what they come
to, `memory` the strategy's own `state`. May import the protocol and errors. Never: a network, a
decision, or an order that is sent before its line rests on the disk.
"""

from runner.journal.file import Journal, read_past
from runner.journal.memory import Memory
from runner.journal.past import Kept, Past

__all__ = ["Journal", "Kept", "Memory", "Past", "read_past"]
