"""The archive for one command: the running one's, or what of it the command needs, started and ended again.

Imports are inside: whoever only asks for `--help` waits for none of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.cli.printed import print_json, print_line, print_remark

if TYPE_CHECKING:
    from api.archive import Archive
    from api.engines.roles import DatabaseAddresses
    from api.settings import Settings
    from storage.ledger.sequencer import Sequencer


@dataclass(frozen=True)
class OpenedArchive:
    """`running`: another process runs it, so it may change while one waits; else nothing moves but this command."""

    archive: Archive
    running: bool


@contextmanager
def open_for_command(purpose: str, *, make: bool = False) -> Iterator[OpenedArchive]:
    """The archive of LIUHEN_DATA with its database, keys and a sequencer at work, for as long as the block runs.

    When the block has ended, every entry it committed has its place, or a running archive will give it one. What was
    started for it is ended. What the archive refuses is raised in both languages. `make`: what is asked for may be the
    first that is done with an archive, before `liuhen up`. Raises ArchiveMissing.
    """
    from api.engines.running import running_database
    from api.settings import load_settings

    settings = load_settings()
    require_archive(settings, make=make)
    with ExitStack() as undo:
        undo.callback(_remove_socket_folder, settings)
        addresses = undo.enter_context(running_database(settings, purpose))
        own = undo.enter_context(_own_folder(settings, purpose))
        settings = _with_database(settings, addresses)
        if own:
            _prepare(settings, addresses)
        with _entries_in_place(settings, own) as alone, both_languages():
            archive = _open(settings)
            try:
                yield OpenedArchive(archive, running=not alone)
            finally:
                archive.database.close()


@contextmanager
def open_for_looking(purpose: str) -> Iterator[Archive]:
    """The archive for a command that changes nothing: nothing is signed, made or swept, so it opens one, too, whose
    database and ledger do not belong together. A database of the data folder is brought to this release's schema.

    Raises ArchiveMissing, and DatabaseUnusable where a database elsewhere has another release's schema.
    """
    from api.engines.running import require_current_schema, running_database
    from api.settings import load_settings

    settings = load_settings()
    require_archive(settings)
    with ExitStack() as undo:
        undo.callback(_remove_socket_folder, settings)
        addresses = undo.enter_context(running_database(settings, purpose))
        require_current_schema(addresses)
        with both_languages():
            archive = _open(_with_database(settings, addresses))
            try:
                yield archive
            finally:
                archive.database.close()


def require_archive(settings: Settings, *, make: bool = False) -> None:
    """Raise ArchiveMissing where LIUHEN_DATA has no archive, nor one that starts just now.

    With `make` one may be made, and that is said aloud; only in a folder that LIUHEN_DATA names. Otherwise a command
    that is run in the wrong folder would give out keys, codes and tokens of an archive that nobody uses, and say that
    all went well.
    """
    from api.engines.archive_run import PURPOSE
    from api.engines.folders import has_archive
    from api.engines.lock import read_holder
    from api.engines.process import ProcessIdentity
    from api.errors import ArchiveMissing

    if has_archive(settings.data):
        return
    holder = read_holder(settings.data)
    if holder is None or holder.purpose != PURPOSE or ProcessIdentity.of(holder.pid) is None:
        named = "data" in settings.model_fields_set
        if not (make and named):
            raise ArchiveMissing(settings.data, named=named)
        remark(f"新建档案系统，数据目录 / a new archive is made in: {settings.data.absolute()}")


def report(as_json: bool, facts: Mapping[str, object], lines: Iterable[str]) -> None:
    """Print `facts` as JSON and nothing else, or `lines` for a person."""
    if as_json:
        print_json(facts, indent=2)
        return
    for line in lines:
        print_line(line)


def remark(*lines: str) -> None:
    """Something a person should know, beside what was asked for."""
    for line in lines:
        print_remark(line)


@contextmanager
def _own_folder(settings: Settings, purpose: str) -> Iterator[bool]:
    """Whether the data folder is this command's own for as long as it runs, so that keys and entries are its business.

    With the embedded database `running_database` holds the lock already, or a running archive does.
    """
    from api.engines.archive_run import PURPOSE
    from api.engines.lock import DataFolderLock, read_holder
    from api.engines.running import WAIT_SECONDS
    from api.errors import DataFolderBusy

    if settings.database_url is None:
        yield _holds_lock(settings)
        return
    try:
        lock = DataFolderLock.acquire(
            settings.data,
            purpose,
            wait_seconds=WAIT_SECONDS,
            worth_waiting=lambda holder: holder is None or holder.purpose != PURPOSE,
        )
    except DataFolderBusy:
        holder = read_holder(settings.data)
        if holder is None or holder.purpose != PURPOSE:
            raise
        yield False
        return
    with lock:
        yield True


def _remove_socket_folder(settings: Settings) -> None:
    """What stands under /tmp for a data folder whose path is too long for sockets; while it is in use it stays."""
    from api.engines.folders import socket_folder

    folder = socket_folder(settings.data)
    if folder != settings.run_folder:
        with suppress(OSError):
            folder.rmdir()


def _holds_lock(settings: Settings) -> bool:
    import os

    from api.engines.lock import read_holder

    holder = read_holder(settings.data)
    return holder is not None and holder.pid == os.getpid()


def _with_database(settings: Settings, addresses: DatabaseAddresses) -> Settings:
    return settings.model_copy(
        update={
            "database_url": addresses.app,
            "database_owner_url": addresses.owner,
            "database_worker_url": addresses.worker,
            "database_sequencer_url": addresses.sequencer,
        }
    )


def _prepare(settings: Settings, addresses: DatabaseAddresses) -> None:
    """What `liuhen up` does on its way to a first entry; done again it changes nothing."""
    from api.engines.preparing import announce_public_keys, create_keys, forget_disposed_keys, load_policies
    from api.engines.running import migrate

    migrate(addresses)
    create_keys(settings)
    announce_public_keys(settings, addresses)
    forget_disposed_keys(settings, addresses)
    load_policies(addresses)


def _open(settings: Settings) -> Archive:
    from api.archive import open_archive

    return open_archive(settings, pool_size=3, process="liuhen-command")


@contextmanager
def _entries_in_place(settings: Settings, own: bool) -> Iterator[bool]:
    """Give entries their places meanwhile, and those of the block's last moment afterwards; whether that is our work.

    A running archive is left to its own sequencer: one that takes the lock before it would keep it from starting.
    """
    from storage.ledger.errors import SequencerBusy

    if not own:
        yield False
        return
    with ExitStack() as undo:
        try:
            sequencer = undo.enter_context(_opened_sequencer(settings))
        except SequencerBusy:  # on another host or in another container, with a database that several share
            yield False
            return
        _give_places_to_all(sequencer)
        stop = threading.Event()
        working = threading.Thread(target=_give_places, args=(sequencer, stop), name="sequencer")
        working.start()
        try:
            yield True
        finally:
            stop.set()
            working.join()
            _give_places_to_all(sequencer)


def _give_places_to_all(sequencer: Sequencer) -> None:
    while sequencer.sequence_pending():
        pass


def _give_places(sequencer: Sequencer, stop: threading.Event) -> None:
    from api.cli.sequencer import sequence_once

    while not stop.is_set():
        try:
            pause_seconds = sequence_once(sequencer)
        except Exception:  # it comes again at the end, in the thread that can report it
            return
        stop.wait(pause_seconds)


@contextmanager
def _opened_sequencer(settings: Settings) -> Iterator[Sequencer]:
    from api.keyring import open_keyring
    from api.object_store import open_store
    from storage.database import Database
    from storage.ledger.files import LedgerFiles
    from storage.ledger.sequencer import Sequencer

    assert settings.database_sequencer_url is not None
    keyring = open_keyring(settings)
    database = Database(settings.database_sequencer_url, pool_size=2, application_name="liuhen-command-sequencer")
    files = LedgerFiles(open_store(settings))
    try:
        with Sequencer(database, files, keyring.signing_key("ledger"), keyring.origin) as sequencer:
            yield sequencer
    finally:
        database.close()


@contextmanager
def both_languages() -> Iterator[None]:
    from api.errors import ApiError, UsageRefused
    from casework.errors import CaseworkError, TextUnusable, WordUnknown
    from casework.rules.errors import RuleFileUnusable
    from ingest.sealing.errors import CustodyError
    from ingest.stations.errors import StationError
    from retention.errors import ReasonUnusable

    try:
        yield
    except (CaseworkError, CustodyError, ReasonUnusable, StationError) as error:
        from api.http.problems import problem_of

        kind = (
            UsageRefused
            if isinstance(error, ReasonUnusable | RuleFileUnusable | TextUnusable | WordUnknown)
            else ApiError
        )
        raise kind(str(problem_of(error, "zh")["detail"]), str(error)) from error
