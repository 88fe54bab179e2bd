"""A new strategy with its test and its configuration, from a template: all three run at once.

The templates are files below `templates`, in which the names stand as `NewStrategy` and
`new_strategy`; nothing imports them. May import errors only. A file that exists is never replaced
unless that was asked for.
"""
