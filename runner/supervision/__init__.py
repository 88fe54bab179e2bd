"""A second process that stands over a run: `guarding` is that process, `link` the run's end of it.

Standard library only, nothing of the project: a guard that is as large as what it guards may be
killed for the same reason.
"""
