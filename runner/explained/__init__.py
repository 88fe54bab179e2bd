"""What every error id means: usual causes, fixes, the exit code, and an example.

The entries are data, one file for each family of exit codes, and load when they are asked for.
May import errors only. An id that the program raises has an entry here, and the reverse; a test
holds the two together.
"""

from __future__ import annotations

from runner.explained.entry import Entry
from runner.explained.lookup import all_entries, find_entry

__all__ = ["Entry", "all_entries", "find_entry"]
