"""One run of `liuhen up`, from the lock to the last process gone."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable

from api.engines.even_share import open_table
from api.engines.folders import has_archive, socket_folder
from api.engines.listener import open_listener
from api.engines.lock import DataFolderLock, Holder
from api.engines.plan import plan_archive
from api.engines.run_record import ArchiveAddresses, ProcessRecord, end_leftovers, withdraw_addresses
from api.engines.running import WAIT_SECONDS
from api.engines.signals import StopSignals
from api.engines.supervise import StopRequested, Supervisor
from api.settings import Settings

PURPOSE = "up"


def run_archive(settings: Settings, say: Callable[[str], None], when_ready: Callable[[ArchiveAddresses], None]) -> None:
    """Start everything, keep it running until a signal, end everything. Returns only with no process left.

    `when_ready` says that it is, and must be quick: nothing is watched while it runs. Raises DataFolderBusy,
    AddressUnusable, StartFailed, and what a step of the plan raises.
    """
    with StopSignals() as signals, _lock(settings) as lock, contextlib.ExitStack() as undo:
        end_leftovers(settings.run_folder)
        listener = undo.enter_context(open_listener(settings.bind))
        table = undo.enter_context(open_table(settings.http_processes))
        plan = plan_archive(settings, lock.holder.instance, listener, table)
        undo.callback(_remove_sockets, settings)
        undo.callback(withdraw_addresses, settings.run_folder)
        supervisor = Supervisor(plan.stages, ProcessRecord(settings.run_folder, lock.holder.instance), signals, say)
        undo.callback(supervisor.stop)
        if not has_archive(settings.data):
            say(f"新建档案系统，数据目录 / a new archive is made in: {settings.data}")
        with contextlib.suppress(StopRequested):
            supervisor.start()
            when_ready(plan.addresses)
            supervisor.watch()
        say(f"正在停止 / stopping ({signal.Signals(signals.asked or signal.SIGTERM).name})")


def _lock(settings: Settings) -> DataFolderLock:
    """A short command that has the folder is waited for; another archive is not."""

    def worth_waiting(holder: Holder | None) -> bool:
        return holder is None or holder.purpose != PURPOSE

    return DataFolderLock.acquire(settings.data, PURPOSE, wait_seconds=WAIT_SECONDS, worth_waiting=worth_waiting)


def _remove_sockets(settings: Settings) -> None:
    """No socket outlives the run, and neither does a short folder under /tmp; DATA/run stays."""
    folder = socket_folder(settings.data)
    for path in folder.glob("*.sock"):
        path.unlink(missing_ok=True)
    if folder != settings.run_folder:
        with contextlib.suppress(OSError):
            folder.rmdir()
