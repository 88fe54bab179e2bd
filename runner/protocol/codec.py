"""The codec: both wire dialects in one place, frames and REST bodies, no input and no output.

`decode` reads frames of either dialect and never raises; `encode` writes the normalised dialect,
`encode_raw` the raw engine's. `encode_body`, `decode_body`, `decode_list` and
`decode_modification` are for REST. This module only gathers the names; nothing else belongs here.
"""

from __future__ import annotations

from runner.protocol.bodies import (
    BodyError,
    decode_body,
    decode_list,
    decode_modification,
    encode_body,
)
from runner.protocol.decode import MAX_ID, decode
from runner.protocol.encode import encode
from runner.protocol.encode_raw import encode_raw, raw_object, raw_reason
from runner.protocol.values import WireError

__all__ = [
    "MAX_ID",
    "BodyError",
    "WireError",
    "decode",
    "decode_body",
    "decode_list",
    "decode_modification",
    "encode",
    "encode_body",
    "encode_raw",
    "raw_object",
    "raw_reason",
]
