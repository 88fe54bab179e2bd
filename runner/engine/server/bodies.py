"""The bodies of requests, as bytes: which types are taken, and how large one may be.

May import aiohttp's request type; what is in a body is the codec's business.
"""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web

from runner.engine.server.answers import Refusal

BODY_SECONDS = 10.0
"""How long the whole of a body is awaited."""
MAX_BODY = 64 * 1024
"""Bytes of a request body: an order takes a few hundred."""


async def json_body(request: web.Request) -> bytes:
    """Return the body of a request that must have one.

    Raises:
        Refusal: the content type is not JSON, or the body is too large or breaks off.
    """
    # A form or text/plain body is what a web page can send here without asking anybody.
    if request.content_type != "application/json":
        raise Refusal(
            "UNSUPPORTED_MEDIA_TYPE",
            f"Content-Type must be application/json, was {request.content_type[:100]}",
            status=415,
        )
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except TimeoutError:
        raise Refusal(
            "INVALID_REQUEST", f"the body did not arrive within {BODY_SECONDS:.0f} s"
        ) from None
    except Exception as error:
        raise Refusal("INVALID_REQUEST", "the body could not be read") from error


def _too_large() -> Refusal:
    return Refusal("INVALID_REQUEST", f"a body may have at most {MAX_BODY} bytes")


async def optional_body(request: web.Request) -> bytes:
    """Return the body of a request that may have one; without a content type it has none.

    Raises:
        Refusal: see `json_body`.
    """
    if hdrs.CONTENT_TYPE not in request.headers or request.content_length == 0:
        return b""
    return await json_body(request)
