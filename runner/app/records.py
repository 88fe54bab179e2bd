"""What a run leaves behind, from the composition root's side: begun before, ended after it.

A backtest is not worth less because its record cannot be written, so that is a warning and no
error; only where the events were asked for by `--record` does the run end with it.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from runner import __version__
from runner.app.peers import Peer
from runner.config.explain import values_of
from runner.config.load import Loaded
from runner.config.models import Runtime
from runner.errors import MachineError, RunnerError
from runner.protocol.admission import Subscription
from runner.records.digest import (
    FilesDigest,
    peer_digest,
    run_digest,
    settings_that_matter,
)
from runner.records.files import write_whole
from runner.records.holding import Hold
from runner.records.lines import (
    BEGIN,
    END,
    EVENTS,
    MODULES,
    SOURCE,
    Begin,
    End,
    Failure,
    SessionPart,
    Setting,
    StrategyPart,
    encode_document,
    encode_modules,
)
from runner.records.recording import Recording
from runner.records.shelf import Shelf
from runner.records.tape import Tape
from runner.results.document import to_summary
from runner.results.result import RunResult, StrategyFacts
from runner.session import Session

_LOG = logging.getLogger(__name__)


@contextmanager
def recorded(
    loaded: Loaded,
    session: Session,
    strategy: StrategyFacts,
    peer: Peer,
    *,
    subscriptions: Sequence[Subscription],
    cwd: Path,
    typed: Sequence[str],
) -> Iterator[Keeping]:
    """Keep a record of the run that takes place inside.

    Raises:
        MachineError: E1021, the record cannot be begun, and the events are to be kept.
    """
    keeping = Keeping(loaded, session, strategy, peer, subscriptions, cwd)
    if loaded.config.records.enabled:
        keeping.begin(typed)
    try:
        yield keeping
    finally:
        keeping.close()


class Keeping:
    """The record of one run in the making; without an id where none is made."""

    def __init__(
        self,
        loaded: Loaded,
        session: Session,
        strategy: StrategyFacts,
        peer: Peer,
        subscriptions: Sequence[Subscription],
        cwd: Path,
    ) -> None:
        self.id = ""
        self._loaded = loaded
        self._session = session
        self._strategy = strategy
        self._peer = peer
        self._subscriptions = [str(one) for one in subscriptions]
        self._params: Mapping[str, object] = msgspec.to_builtins(
            dict(strategy.params), enc_hook=str
        )
        self._modules = {
            name: hashlib.sha256(text).hexdigest() for name, text in strategy.modules.items()
        }
        self._shelf = Shelf(cwd / loaded.config.records.dir)
        self._folder = Path()
        self._hold: Hold | None = None
        self._recording: Recording | None = None
        self._tape: Tape | None = None
        self._trouble: OSError | None = None
        self._files = FilesDigest(peer.data.files) if peer.data.files else None

    def begin(self, typed: Sequence[str]) -> None:
        """Make the record and begin to write it."""
        started = datetime.now(UTC)

        def write(folder: Path, name: str) -> None:
            begun = encode_document(self._begun(name, started, typed))
            write_whole(folder / SOURCE, self._strategy.text, durable=False)
            if self._strategy.modules:
                write_whole(folder / MODULES, encode_modules(self._strategy.modules), durable=False)
            write_whole(folder / BEGIN, begun, durable=False)

        config = self._loaded.config
        try:
            self._shelf.prepare()
            self._folder, self._hold = self._shelf.add(started, write)
            self._recording = Recording(
                self._folder,
                self._session.desk,
                candles=self._peer.candles,
                curve_bytes=config.records.max_bytes // 2,
                durable=config.runtime is Runtime.GATEWAY,
                on_failure=self._failed,
            )
            if config.records.events:
                self._tape = Tape(self._folder / EVENTS)
                self._session.hear = self._tape.hear
                self._recording.also(self._tape.flush)
        except OSError as error:
            if config.records.events:
                raise self._refusal(error) from None
            self._failed(error)
            return
        self.id = self._folder.name
        self._recording.start()

    def trouble(self) -> MachineError | None:
        """Return why not all events could be kept, None if they were, or need not be."""
        if self._tape is None:
            return None
        self._tape.close()
        if self._tape.error is None and self._trouble is not None:
            return self._refusal(self._trouble)
        return self._tape.error

    def digest(self) -> str | None:
        """Return the digest of the run, None where the data cannot be read any more."""
        data = self._data_digest()
        if data is None:
            return None
        return run_digest(
            version=__version__,
            strategy=self._strategy.name,
            sha256=self._strategy.sha256,
            params={name: str(one) for name, one in self._params.items()},
            subscriptions=self._subscriptions,
            data=data,
            settings=settings_that_matter(
                {key: value for key, value, _ in values_of(self._loaded)}
            ),
            modules=self._modules,
        )

    def end(self, result: RunResult) -> None:
        """Write how the run ended, and what came of it."""
        self._end(
            End(
                finished=datetime.now(UTC),
                why=result.ending.why,
                exit_code=result.ending.exit_code,
                error=None if result.error is None else _failure(result.error),
                digest=result.digest,
                data_digest=self._data_digest(),
                result=to_summary(result),
            )
        )

    def cut(self, why: str, error: RunnerError | None, *, exit_code: int = 0) -> None:
        """Write how a run ended that leaves no result; the exit code is that of its error."""
        self._end(
            End(
                finished=datetime.now(UTC),
                why=why,
                exit_code=exit_code if error is None else error.exit_code,
                error=None if error is None else _failure(error),
                digest=None,
                data_digest=None,
                result=None,
            )
        )

    def close(self) -> None:
        """End the record of a run that left no result, and let go of it."""
        error = sys.exception()
        if error is not None and self._recording is not None:
            ours = RunnerError(f"internal error, {type(error).__name__}: {error}")
            self.cut("failed", error if isinstance(error, RunnerError) else ours)
        if self._hold is not None:
            self._hold.release()

    def _end(self, end: End) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        recording.stop()
        if recording.every > 1:
            _LOG.warning(
                "the record has every %s-th point of the equity curve: with all of them it would "
                "take more than half of records.max_bytes",
                f"{recording.every:,}",
            )
        if self._tape is not None:
            self._tape.close()
        try:
            write_whole(self._folder / END, encode_document(end))
        except OSError as error:
            self._failed(error)
            return
        if self._hold is not None:
            self._hold.release()
        self._tidy()

    def _tidy(self) -> None:
        import sqlite3  # at the end of a run, where nobody waits for its first output

        from runner.records.index import open_index
        from runner.records.retention import remove, surplus

        bounds = self._loaded.config.records
        try:
            self._shelf.sweep()
            with open_index(self._shelf, refresh=[self.id]) as index:
                rows = index.rows()
                for one in surplus(
                    rows, max_runs=bounds.max_runs, max_bytes=bounds.max_bytes, keep=self.id
                ):
                    remove(self._shelf, one)
        except (OSError, sqlite3.Error, MachineError) as error:
            # The record itself is safe; the index is brought up to date when it is next opened.
            _LOG.info("the index of the records was not brought up to date: %s", error)

    def _begun(self, name: str, started: datetime, typed: Sequence[str]) -> Begin:
        import os

        config, peer, desk = self._loaded.config, self._peer, self._session.desk
        return Begin(
            id=name,
            started=started,
            pid=os.getpid(),
            command=list(typed),
            strategy=StrategyPart(
                self._strategy.name,
                self._strategy.source,
                self._strategy.sha256,
                dict(self._params),
                self._modules,
            ),
            runtime=peer.runtime.name,
            peers=list(peer.runtime.peers),
            mode=peer.runtime.mode,
            account=peer.runtime.account,
            data=peer.data.source,
            symbols=list(peer.data.symbols),
            timeframes=list(peer.data.timeframes),
            candles=peer.candles,
            session=SessionPart(
                desk.order_prefix,
                self._subscriptions,
                self._session.backtest,
                self._session.on_exception,
                self._session.require_complete,
                config.seed,
            ),
            settings=[
                Setting(key, value, str(origin)) for key, value, origin in values_of(self._loaded)
            ],
            versions=_versions(),
            events=config.records.events,
        )

    def _data_digest(self) -> str | None:
        if self._files is not None:
            return self._files.result()
        return peer_digest(self._peer.runtime.name, self._peer.runtime.peers)

    def _failed(self, error: OSError) -> None:
        if self._trouble is not None:
            return
        self._trouble = error
        _LOG.warning(
            "this run leaves no whole record: %s (%s); turn it off with --no-record",
            (error.strerror or str(error)).lower(),
            error.filename or self._shelf.root,
        )

    def _refusal(self, error: OSError) -> MachineError:
        return MachineError(
            f"the record cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(error.filename or self._shelf.root),
            why="--record (records.events) asks for all events, and a run without them is not it",
            fix="run where you may write, or name another directory with records.dir",
            id="E1021",
        )


def _failure(error: RunnerError) -> Failure:
    return Failure(error.id, error.what, error.where, error.why, error.fix)


def _versions() -> dict[str, str]:
    """Return the versions of Python and of every package that has been loaded."""
    found = {"runner": __version__, "python": sys.version.split()[0]}
    for name, module in sorted(sys.modules.items()):
        version = vars(module).get("__version__") if "." not in name else None
        if isinstance(version, str) and name not in sys.stdlib_module_names:
            found.setdefault(name, version)
    return found
