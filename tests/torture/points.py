"""Where a process stands in its work, told from outside: steps are wrapped by name, durable writes where they are made.

Nothing of this is in the archive's own code. A step is a function of it; a point is the moment before or after one of
its durable writes, or the step's beginning or end. The driver stops processes at points to kill them there
(entry.py); the injection fails the writes themselves (test_failed_writes.py).
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

WRITES_OF_OS = ("fsync", "fdatasync", "link", "rename", "replace", "unlink", "pwrite", "posix_fallocate", "ftruncate")
"""What puts bytes or names on a disk, as the archive calls it; and `open`, where it is for writing."""

# Each step is MODULE:NAME or MODULE:CLASS.NAME, in the order of the road.
CUSTODY_STEPS = (
    "ingest.sealing.due:lease_due_upload",
    "storage.ledger.own_store:require_own_store",
    "ingest.custody:verify_upload",
    "ingest.custody:probe",
    "ingest.sealing.attempt:begin_attempt",
    "ingest.custody:digest_and_store_encrypted",
    "ingest.custody:read_back_and_compare",
    "ingest.custody:gather_claims",
    "ingest.custody:judge_claims",
    "ingest.sealing.contents_claim:state_contents",
    "ingest.custody:state_manifest",
    "ingest.custody:sign_manifest",
    "ingest.custody:timestamp_signature",
    "ingest.sealing.record:record_sealing",
    "ingest.sealing.stored:keep_stored_copy",
    "ingest.sealing.record:record_repeat",
    "ingest.sealing.keeping:lock_in_store",
    "ingest.sealing.receipts:issue_receipt",
    "ingest.uploads.staging:Staging.remove",
)
# Taken where the store lost what was sealed, and only then; tests/ingest/custody/test_lost_before_receipt.py ends them.
MENDING_STEPS = (
    "ingest.sealing.stored:restore_if_said_to_be_lost",
    "ingest.sealing.stored:restore_stored_copy",
)
UPLOAD_STEPS = (
    "ingest.uploads.register:CatalogRegister.open_uploads",
    "ingest.uploads.staging:Staging.create",
    "ingest.uploads.staging:Staging.begin_whole",
    "ingest.uploads.whole_file:WholeFile.append",
    "ingest.uploads.held:HeldUpload.open_bytes",
    "ingest.uploads.held:HeldUpload.append",
    "ingest.uploads.held:HeldUpload.keep",
    "ingest.uploads.held:keep_all",
    "ingest.uploads.register:CatalogRegister.finish_uploads",
)
# No agent takes it: whoever has a file knows how long it is.
DEFERRED_STEPS = ("ingest.uploads.held:HeldUpload.declare_length",)
SEQUENCER_STEPS = (
    "storage.ledger.sequencer:Sequencer._assign",
    "storage.ledger.files:LedgerFiles.grow",
    "storage.ledger.files:LedgerFiles.publish_checkpoint",
    "storage.ledger.sequencer:Sequencer._insert_checkpoint",
)
DOCK_STEPS = (
    "ingest.dock.state:DockState.save",
    "ingest.dock.state:DockState.keep_receipt",
    "ingest.dock.wipe:wipe_file",
)
MEDIA_STEPS = (
    "ingest.rendering.make:decrypt_original",
    "ingest.rendering.storing:store_copy",
    "ingest.rendering.storing:record_copy",
)


def short(step: str) -> str:
    """As tables name it: the function's own name, with its class where the name alone says too little."""
    return step.partition(":")[2].removeprefix("CatalogRegister.").removeprefix("HeldUpload.")


class Observer(Protocol):
    """`moment` is "before" or "after"; of a step itself `point` is "step". What it raises takes the place of what
    the write did."""

    def __call__(self, step: str, point: str, moment: str) -> None: ...


class Watch:
    """Tells an observer of every point inside the watched steps, and of nothing outside them."""

    def __init__(self, steps: Sequence[str], observer: Observer) -> None:
        self.steps = steps
        self._observer = observer
        self._steps_here: ContextVar[tuple[str, ...]] = ContextVar("steps", default=())
        """Of a thread and of those that digest and write for it, or of a task on an event loop: many are under way."""
        self._places: dict[str, list[tuple[object, str, Callable[..., Any]]]] = {}

    def places_of(self, step: str) -> list[tuple[object, str, Callable[..., Any]]]:
        if step not in self._places:
            self._places[step] = _places_of(step)
        return self._places[step]

    @contextmanager
    def inside(self, step: str) -> Iterator[None]:
        outside = self._steps_here.set((*self._steps_here.get(), step))
        try:
            self._observer(step, "step", "before")
            yield
            self._observer(step, "step", "after")
        finally:
            self._steps_here.reset(outside)

    def current(self) -> str | None:
        here = self._steps_here.get()
        return here[-1] if here else None

    def tell(self, step: str | None, point: str, moment: str) -> None:
        """Of a write that is part of no step nobody hears."""
        if step is not None:
            self._observer(step, point, moment)

    def told(self, point: str, write: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(write)
        def watched(*arguments: Any, **options: Any) -> Any:
            step = self.current()
            self.tell(step, point, "before")
            done = write(*arguments, **options)
            self.tell(step, point, "after")
            return done

        @functools.wraps(write)
        async def awaited(*arguments: Any, **options: Any) -> Any:
            step = self.current()
            self.tell(step, point, "before")
            done = await write(*arguments, **options)
            self.tell(step, point, "after")
            return done

        return awaited if inspect.iscoroutinefunction(write) else watched

    def stepped(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*arguments: Any, **options: Any) -> Any:
            with self.inside(step):
                return function(*arguments, **options)

        @functools.wraps(function)
        async def awaited(*arguments: Any, **options: Any) -> Any:
            with self.inside(step):
                return await function(*arguments, **options)

        return awaited if inspect.iscoroutinefunction(function) else watched


def install(watch: Watch) -> Callable[[], None]:
    """Wrap the steps and the writes; what is returned takes it all off again."""
    undo: list[tuple[object, str, object]] = []

    def put(owner: object, name: str, value: object) -> None:
        undo.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    for step in watch.steps:
        for owner, name, function in watch.places_of(step):
            put(owner, name, watch.stepped(step, function))
    for name in WRITES_OF_OS:
        put(os, name, watch.told(name, getattr(os, name)))
    put(os, "open", _told_of_writers(watch, os.open))
    from sqlalchemy.engine.default import DefaultDialect

    put(DefaultDialect, "do_commit", watch.told("commit", DefaultDialect.do_commit))
    _watch_direct_statements(watch, put)

    def take_off() -> None:
        for owner, name, value in reversed(undo):
            setattr(owner, name, value)

    return take_off


def _told_of_writers(watch: Watch, open_file: Callable[..., int]) -> Callable[..., int]:
    """Who only reads puts nothing on the disk. Where the answer is lost, so is the descriptor: nobody has it."""

    @functools.wraps(open_file)
    def watched(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_ACCMODE == os.O_RDONLY:
            return open_file(path, flags, *arguments, **options)
        step = watch.current()
        watch.tell(step, "open", "before")
        descriptor = open_file(path, flags, *arguments, **options)
        try:
            watch.tell(step, "open", "after")
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    return watched


def _watch_direct_statements(watch: Watch, put: Callable[[object, str, object], None]) -> None:
    """Of the uploads' register: each statement is a transaction of its own.

    A plain SELECT writes nothing, and whoever waits for the ledger asks it as often as it takes.
    """
    import psycopg

    from storage.plain_connection import PlainConnection

    plain = psycopg.Connection.execute
    told = watch.told("statement", plain)

    def execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        words = query if isinstance(query, str) else bytes(query).decode() if isinstance(query, bytes) else ""
        return (plain if words.lstrip().startswith("SELECT") else told)(self, query, *arguments, **options)

    put(psycopg.Connection, "execute", execute)
    put(PlainConnection, "run", watch.told("statement", PlainConnection.run))
    put(PlainConnection, "run_beside", _told_of_its_commit(watch, PlainConnection.run_beside))
    put(PlainConnection, "run_soon", watch.told("statement", PlainConnection.run_soon))


def _told_of_its_commit(watch: Watch, run_beside: Callable[..., Any]) -> Callable[..., Any]:
    """What is written meanwhile comes before: these are writes of their own."""

    @functools.wraps(run_beside)
    def watched(self: Any, meanwhile: Callable[[], None], *asked: str) -> Any:
        step = watch.current()

        def and_before() -> None:
            meanwhile()
            watch.tell(step, "statement", "before")

        done = run_beside(self, and_before, *asked)
        watch.tell(step, "statement", "after")
        return done

    return watched


def _places_of(step: str) -> list[tuple[object, str, Callable[..., Any]]]:
    """Every name under which the function is called: where it is defined, and wherever it was imported to.

    Raises AttributeError when there is no such function any more: then the list above is out of date.
    """
    module_name, _, path = step.partition(":")
    owner: object = importlib.import_module(module_name)
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)
    function = getattr(owner, name)
    if classes:
        return [(owner, name, function)]
    importers = [
        module for module in list(sys.modules.values()) if getattr(module, "__dict__", {}).get(name) is function
    ]
    return [(module, name, function) for module in importers]
