"""The composition root: from a configuration to objects, to a run, to its result.

Below this floor constructors take plain values; only here it is known which of them the
configuration decides. `run` seats the strategy, drives the run and gathers its result; `peers`
makes what it is driven against.
"""

from runner.app.run import execute, relax_garbage_collection

__all__ = ["execute", "relax_garbage_collection"]
