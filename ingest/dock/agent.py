"""A docking station's work: dock_folder takes over one folder and ends; dock_continuously watches until it is stopped.

Both are the same run (ingest/dock/run.py) over the same notes; they differ in where files come from, and when it ends.
"""

from __future__ import annotations

import math
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ingest.dock.archive import Archive
from ingest.dock.audience import Audience
from ingest.dock.connection import is_open_to_listeners
from ingest.dock.credential import ReadAgain, StationCredential
from ingest.dock.docking import find_docking
from ingest.dock.errors import DockStopped, Interrupted, SourceVanished
from ingest.dock.events import AddressOpen, FileEmpty, FileStays, FolderListed, Listener, SourceGone
from ingest.dock.folder import list_source
from ingest.dock.marks import MarkRules
from ingest.dock.ordering import arrange
from ingest.dock.outage import Outage
from ingest.dock.pacing import USUAL_PARALLEL, Pacer, RateSchedule
from ingest.dock.patience import Patience
from ingest.dock.receipt_keys import find_receipt_keys, keys_from
from ingest.dock.receipts import ReceiptTrust
from ingest.dock.reporting import Reporter
from ingest.dock.run import Run, Settled
from ingest.dock.settling import Desk, FileOutcome, settle_wipes
from ingest.dock.slow_sources import SlowSources
from ingest.dock.source import Source, SourceFile
from ingest.dock.sources import Places
from ingest.dock.state import DockState, opened_state
from ingest.dock.transfer import Claims, Sender
from ingest.dock.waits import LONGEST_ANSWER_SECONDS
from ingest.dock.watching import Watcher, WatchTiming
from ingest.dock.words import GONE, Words
from integrity.keys import PublicKey

_SHORTEST_ANSWER_SECONDS = 1.0
_IN_THE_CLEAR = Words(
    "this address is plain http: anybody on the network can read the footage and the station's credential; use https",
    "该地址为明文 http，网络上任何人都能读取录像和工作站凭证，请改用 https",
)


def _claim_nothing(_: str) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class DockPlan:
    """What is the same for every file of a run. `archive_key` overrides the pin that came with the credential.
    `read_credential_again` is asked when the archive refuses it: its file may have another by now.

    `claims` reads device, officer and started_at out of a file's name; they are claims and nothing hangs on them.
    `traceparent_of` gives the span that requests about an upload are made in (ingest/trace_context.py).
    """

    url: str
    credential: StationCredential
    state_folder: Path
    wipe: bool = False
    parallel: int = USUAL_PARALLEL
    give_up_seconds: float = 600.0
    rates: RateSchedule = field(default_factory=RateSchedule)
    marks: MarkRules = field(default_factory=MarkRules)
    archive_key: PublicKey | None = None
    ledger_vkey: str | None = None
    tls: ssl.SSLContext | None = None
    claims: Claims = _claim_nothing
    report_seconds: float = 60.0
    traceparent_of: Callable[[str], str] | None = None
    read_credential_again: ReadAgain | None = None


@dataclass(frozen=True, slots=True)
class DockResult:
    """What became of the footage. `stopped` is set when the run ended before its end.

    `more_received` and `more_wiped` count files without an outcome of their own: a watching agent keeps only those of
    files that were left. `unwatched` are the folders it was to watch and could not look into. `receipts_folder` is
    where the receipts are kept.
    """

    outcomes: tuple[FileOutcome, ...]
    skipped: tuple[str, ...] = ()
    why_skipped: Mapping[str, str] = field(default_factory=dict)
    stopped: DockStopped | None = None
    more_received: int = 0
    more_wiped: int = 0
    unwatched: tuple[str, ...] = ()
    receipts_folder: Path | None = None

    @property
    def complete(self) -> bool:
        """Every folder was looked into; everything in them was received, and removed when that was asked."""
        everything = self.stopped is None and not self.unwatched
        return everything and all(outcome.error is None for outcome in self.outcomes)

    @property
    def ended_on_request(self) -> bool:
        """Nothing but a signal ended it: how a watching agent is meant to end."""
        return self.stopped is None or isinstance(self.stopped, Interrupted)


def dock_folder(plan: DockPlan, folder: Path, tell: Listener, stop: threading.Event) -> DockResult:
    """Take over every file in the folder. Setting `stop` ends the run within moments; a later one goes on from there.

    Raises DockStopped when the run cannot even begin (folder, notes, address, credential or key), and NoProgress when
    the archive does not answer at all.
    """
    plan = replace(plan, state_folder=plan.state_folder.resolve())
    asked = Source(folder, label=str(folder))
    with SlowSources(lambda: (asked,), tell):
        with asked.touches.one():
            source = replace(Source.alone(folder.resolve()), touches=asked.touches)
        return _dock_source(plan, source, tell, stop)


def _dock_source(plan: DockPlan, source: Source, tell: Listener, stop: threading.Event) -> DockResult:
    listing = list_source(source, plan.state_folder)
    tell(FolderListed(len(listing.files), sum(file.size_bytes for file in listing.files), listing.skipped))
    for name in listing.empty:
        tell(FileEmpty(name))
    outcomes = Outcomes(source, len(listing.files), tell)
    with opened_state(plan.state_folder, str(source.root)) as state:
        state.adopt(source.id)
        gone = settle_wipes(state, source, tell)
        docking = find_docking(state, source, listing.files, listing.files)
        with opened_run(plan, state, tell, stop, outcomes.take) as run:
            for error in listing.out_of_reach:
                tell(FileStays(error.name, type(error).__name__, error.words))
            for waiting in arrange(listing.files, plan.marks, docking.number):
                run.put(waiting)
            run.start()
            run.finish()
        unseen = [FileOutcome(error.name, 0, error=error) for error in listing.out_of_reach]
        result = DockResult(
            (*gone, *unseen, *outcomes.in_order()),
            listing.skipped,
            listing.why_skipped,
            run.stopped,
            receipts_folder=state.receipts_folder,
        )
        if all(outcome.is_received for outcome in result.outcomes):
            state.end_docking(source.id)
    return result


def dock_continuously(
    plan: DockPlan, places: Places, timing: WatchTiming, tell: Listener, stop: threading.Event
) -> DockResult:
    """Take over what appears in `places` until `stop` is set. An archive that is away is waited for without end.

    Raises DockStopped when it cannot even begin (notes, address, credential or key); what ends it later is `stopped`.
    """
    plan = replace(plan, state_folder=plan.state_folder.resolve(), give_up_seconds=math.inf)
    watched = ", ".join(map(str, (*places.folders, *places.mounts)))
    with opened_state(plan.state_folder, watched) as state:
        watcher = Watcher(places, timing, state, plan.marks, tell)
        with (
            SlowSources(lambda: watcher.sources, tell),
            opened_run(plan, state, tell, stop, watcher.settled) as run,
        ):
            run.start()
            try:
                while not stop.is_set():
                    watcher.look(run.put)
                    run.look_after()
                    stop.wait(timing.poll_seconds)
            except DockStopped as error:
                run.end(error)
            except BaseException:
                stop.set()  # A fault of ours: no end of what is under way may be waited for.
                raise
            finally:
                # Before archive and notes are closed, which its threads work with.
                run.finish()
    left, received, wiped = watcher.count()
    return DockResult(
        tuple(left),
        stopped=run.stopped,
        more_received=received,
        more_wiped=wiped,
        unwatched=watcher.unwatched(),
        receipts_folder=state.receipts_folder,
    )


class Outcomes:
    """What became of the files of a run that ends, by name. That their folder went away is told at once, and once."""

    def __init__(self, source: Source, files: int, tell: Listener) -> None:
        self._source, self._files, self._tell = source, files, tell
        self._turn = threading.Lock()
        self._by_title: dict[str, FileOutcome] = {}
        self._received = 0
        self._has_vanished = False

    def take(self, file: SourceFile, outcome: FileOutcome) -> None:
        """The end of one file."""
        with self._turn:
            self._by_title[file.title] = outcome
            self._received += outcome.is_received
            is_news = isinstance(outcome.error, SourceVanished) and not self._has_vanished
            self._has_vanished = self._has_vanished or is_news
            left = self._files - self._received
        if is_news and outcome.error is not None:
            self._tell(SourceGone(str(self._source.root), GONE, left))

    def in_order(self) -> list[FileOutcome]:
        """By name, whatever the order in which they ended."""
        return [self._by_title[title] for title in sorted(self._by_title)]


@contextmanager
def opened_run(
    plan: DockPlan, state: DockState, tell: Listener, stop: threading.Event, settled: Settled
) -> Iterator[Run]:
    """A run that is not started yet, with the archive's receipt key found and the station reporting."""
    # Nobody waits longer for an answer than he was told to wait for anything.
    answer_seconds = min(LONGEST_ANSWER_SECONDS, max(plan.give_up_seconds, _SHORTEST_ANSWER_SECONDS))
    archive = Archive(
        plan.url, plan.credential, plan.tls, stop, answer_seconds, plan.traceparent_of, plan.read_credential_again
    )
    audience = Audience(tell)
    try:
        if is_open_to_listeners(plan.url):
            audience(AddressOpen(plan.url, _IN_THE_CLEAR))
        run = Run(_open_desk(plan, archive, state, audience, stop), plan.parallel, settled, audience)
        with Reporter(archive, plan.state_folder, lambda: run.waiting, tell, plan.report_seconds):
            yield run
    finally:
        archive.close()


def _open_desk(plan: DockPlan, archive: Archive, state: DockState, tell: Listener, stop: threading.Event) -> Desk:
    patience = Patience(plan.give_up_seconds, stop, Outage(tell))
    credential = plan.credential
    pacer = Pacer(plan.rates, patience)
    sender = Sender(archive, state, patience, pacer, tell, credential.credential_id, plan.claims)
    # Before any footage leaves: a wrong address is noticed. It proves no more, for a public key is anybody's to repeat:
    # who gets the footage and the credential, only TLS can say. What a receipt is worth rests on its signature.
    if plan.archive_key is None:
        keys = find_receipt_keys(archive, credential.pinned_key_id, sender.retries_for(""))
    else:
        keys = (plan.archive_key,)
    trust = ReceiptTrust(
        keys,
        credential.station_id,
        plan.ledger_vkey or credential.ledger_vkey or None,
        partial(keys_from, archive, keys[0].key_id),
    )
    return Desk(sender, trust, plan.wipe)
