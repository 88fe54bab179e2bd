"""Bugs planted where the session alone cannot see them: in the driver, in REST, in the server."""

from __future__ import annotations

from tests.simulation.planted import HANDLED, LAW, Bug

LINE = "runner.transports.line:Line"
WIRE = "runner.transports.wire:Wire"
REST = "runner.transports.rest:RestClient"
REQUESTS = "runner.transports.requesting:Requests"
RUN = "runner.engine.server.run:Run"
SESSIONS = "runner.engine.server.sessions:Sessions"

BUGS = (
    Bug("an order without an answer is sent again", f"{REST}._submit",
        "            if found is None:\n                continue",
        "            if found is None:\n"
        '                self._requests.ask("submit_order", body=order)\n'
        "                continue"),
    Bug("an order without an answer counts as rejected", f"{REQUESTS}.ask",
        "return Unanswered(str(error))", 'return Rejection(0, "NOT_SENT", str(error))'),
    Bug("a failure behind the peer counts as a rejection", f"{REQUESTS}.ask",
        "if 400 <= status < 500 or", "if 400 <= status < 600 or"),
    Bug("it comes back without the name of its run", f"{LINE}._open",
        "run_id=self._run_id, client=self._client", "run_id=None, client=None"),
    Bug("a write that was taken in part counts as whole", f"{WIRE}._write",
        "data = data[self._sock.send(data) :]",
        'self._sock.send(data)\n                data = b""'),
    Bug("what a full socket does not take is dropped", f"{WIRE}._write",
        "self._wait_to_write()", "break"),
    Bug("the greeting is told again", f"{LINE}._greeted", "return is_again", "return False"),
    Bug("what was said last is not repeated at the end", f"{LINE}.settle",
        "for text in reversed(tuple(self._said)):", "for text in ():"),
    Bug("a refused connection is the end", f"{LINE}._open",
        "        except TemporaryFailure as failure:\n            return self._pause(failure)",
        "        except TemporaryFailure as failure:\n            raise"),
    Bug("silence is waited out for ever", f"{LINE}._greeted",
        "self._timeout_s = self._settings.stall_timeout_s", "self._timeout_s = None"),
    Bug("a run ends with its connection", f"{RUN}.leave",
        "self._hold.start(seconds, self._expire)", 'self.end("broken")'),
    Bug("what was not acknowledged is not sent again", f"{RUN}.begin",
        "line.write(batch_of(self.replay.unacknowledged()))", "pass"),
    Bug("time goes on with the first acknowledgment of a step",
        "runner.engine.server.replay:Replay.acknowledge",
        "if not released or not self._gate.is_clear:", "if not released:"),
    Bug("a complete run is forgotten at once", f"{SESSIONS}.handle",
        "if _is_same(run_id, self._complete):", "if False:"),
    Bug("an event that comes again is handled again", LAW,
        "if event_id is None or event_id not in handled:", "if True:"),
    Bug("ids are never remembered", f"{HANDLED}.add", "self._now.add(event_id)", "pass"),
)  # fmt: skip
