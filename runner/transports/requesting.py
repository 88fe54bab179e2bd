"""Requests to a peer's REST side, and what their answers mean before anybody reads the body.

Decides which failures are certain, which may pass, and which are final. Knows nothing of orders.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from runner.errors import ConnectError, ProtocolError
from runner.protocol.codec import BodyError, decode_body, decode_list, encode_body
from runner.protocol.commands import Rejection, Unanswered
from runner.protocol.routes import ROUTES, build_path
from runner.transports.backoff import START_HINT, TemporaryFailure
from runner.transports.http import REST_HINT, Answer, HttpClient, NoAnswer, NotSent
from runner.transports.rejections import envelope_of, rejection_of

Body = TypeVar("Body")

NOT_THERE = (404, 405, 501)
"""What a request is answered that the peer, or the provider behind it, does not have."""


class Requests:
    """Sends the requests of the route table over one client."""

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._base_url = base_url

    def ask(
        self, name: str, *, body: msgspec.Struct | None = None, **parameters: str
    ) -> Answer | Rejection | Unanswered:
        """Make a request that may change something, once, and return one of three outcomes.

        Raises:
            ConnectError: E602, the peer does not let us in.
            ProtocolError: E741, it redirects, or does not speak HTTP.
        """
        raw = None if body is None else encode_body(body)
        try:
            answer = self._http.request(
                ROUTES[name].method, build_path(name, query=None, **parameters), raw
            )
        except NotSent as error:
            return Rejection(0, "NOT_SENT", f"the request was not sent: {error}")
        except NoAnswer as error:
            return Unanswered(str(error))
        status = answer.status
        if 200 <= status < 300:
            return answer
        self._check_admitted(answer)
        envelope = envelope_of(status, answer.body)
        if 400 <= status < 500 or envelope.code in ("SHUTTING_DOWN", "UNSUPPORTED_OPERATION"):
            return rejection_of(status, answer.body)
        return Unanswered(f"HTTP {status} {envelope.code}: {envelope.message}")

    def read(self, name: str, kind: type[Body], **parameters: str) -> Body:
        """Return one object; see `safely` for what it raises, and E741 for what is none."""
        answer = self._get(build_path(name, query=None, **parameters))
        try:
            return decode_body(answer.body, kind)
        except BodyError as error:
            raise self.not_ours(answer, str(error)) from None

    def read_if_there(self, name: str, kind: type[Body]) -> Body | None:
        """Return one object, None where the peer has no such thing; else as `read`."""
        answer = self.safely("GET", build_path(name, query=None))
        if answer.status in NOT_THERE:
            return None
        try:
            if answer.status == 200:
                return decode_body(answer.body, kind)
        except BodyError as error:
            raise self.not_ours(answer, str(error)) from None
        raise self.not_ours(answer, envelope_of(answer.status, answer.body).message)

    def read_list(
        self, name: str, kind: type[Body], *, query: dict[str, str] | None = None
    ) -> tuple[Body, ...]:
        """Return a list; see `safely` for what it raises, and E741 for what is none."""
        answer = self._get(build_path(name, query=query))
        try:
            return decode_list(answer.body, kind)
        except BodyError as error:
            raise self.not_ours(answer, str(error)) from None

    def search(self, name: str, kind: type[Body], *, query: dict[str, str]) -> tuple[Body, ...]:
        """Return what a listing shows; nothing, where the peer has no such listing.

        Raises:
            TemporaryFailure: E610, it cannot be read now: nothing follows from it.
            ConnectError: E602, the peer does not let us in.
        """
        answer = self.safely("GET", build_path(name, query=query))
        if answer.status in NOT_THERE:
            return ()
        try:
            if answer.status == 200:
                return decode_list(answer.body, kind)
        except BodyError:
            pass
        raise TemporaryFailure(
            f"what the peer answers cannot be used: HTTP {answer.status}",
            where=self._base_url,
            id="E610",
        )

    def _get(self, path: str) -> Answer:
        answer = self.safely("GET", path)
        if answer.status == 200:
            return answer
        raise self.not_ours(answer, envelope_of(answer.status, answer.body).message)

    def safely(self, method: str, path: str) -> Answer:
        """Make a request that may be repeated, whatever becomes of it.

        Raises:
            TemporaryFailure: E610, no answer, or one that may be another a little later.
            ConnectError: E602, the peer does not let us in.
        """
        try:
            answer = self._http.request(method, path)
        except (NotSent, NoAnswer) as error:
            raise TemporaryFailure(
                "cannot reach the REST side of the peer",
                where=self._base_url,
                why=str(error),
                fix=START_HINT,
                id="E610",
            ) from None
        self._check_admitted(answer)
        envelope = envelope_of(answer.status, answer.body)
        if answer.status == 429 or (answer.status >= 500 and answer.status not in NOT_THERE):
            raise TemporaryFailure(
                f"the peer cannot answer now: HTTP {answer.status} {envelope.code}",
                where=self._base_url + path,
                why=envelope.message,
                id="E610",
            )
        return answer

    def _check_admitted(self, answer: Answer) -> None:
        if answer.status in (401, 403):
            envelope = envelope_of(answer.status, answer.body)
            raise ConnectError(
                f"the peer does not let us in: HTTP {answer.status} {envelope.code}",
                where=self._base_url,
                why=envelope.message,
                fix="set GATEWAY_API_KEY to the key that the gateway was started with",
                id="E602",
            )
        if 300 <= answer.status < 400:
            raise self.not_ours(answer, "it redirects; redirects are never followed")

    def not_ours(self, answer: Answer, why: str) -> ProtocolError:
        """Return the error that says that no engine or gateway answers there."""
        return ProtocolError(
            f"no trading interface there: HTTP {answer.status}",
            where=self._base_url,
            why=why,
            fix=REST_HINT,
            id="E741",
        )
