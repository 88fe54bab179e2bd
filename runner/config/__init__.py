"""Configuration: read from every source, checked in one go, each value with its origin.

`load.load_config` is the door. `models` holds the keys and their bounds, `units` turns text into
values, `yaml_source` and `sources` read files, variables and flags together with their positions,
`explain` renders the outcome. The room may import the protocol; it opens no socket and it reads no
global state, since the environment and the working directory are handed in. pydantic-settings is
slow to import, so nothing here is imported before a command needs a configuration.
"""
