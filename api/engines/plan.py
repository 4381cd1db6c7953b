"""What `liuhen up` starts, in which order, and how each part is known to answer.

Only what is not given by an address elsewhere is started. A process sees the one database address that its work
needs: the sequencer its own role's, HTTP the application's, the workers theirs; the owner's stays here.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from api.cold_store import cold_secrets
from api.engines.folders import make_private_folder, socket_folder
from api.engines.fork_request import HTTP, address_for
from api.engines.launch import Fork, Launch
from api.engines.listener import listening_address
from api.engines.postgres import PART, READY_WITHIN_SECONDS, EmbeddedPostgres
from api.engines.preparing import steps_before_database, steps_with_database
from api.engines.readiness import READY_FILE_VARIABLE, has_announced
from api.engines.readyz import WITHIN_SECONDS, why_not_ready
from api.engines.run_record import ArchiveAddresses, publish_addresses
from api.engines.running import embedded_postgres, external_database
from api.engines.supervise import Answer, Begin, Stage, Step
from api.engines.valkey import EmbeddedValkey
from api.engines.watched import ChildSpec
from api.errors import UsageRefused
from api.object_store import store_secrets
from api.replica_store import replica_secrets
from api.root_access import root_secrets
from api.settings import PREFIX, Settings, child_environment
from api.tasks.queues import QUEUES, taken_along
from api.wal.leaving import stop_keeping

# TERM lets a worker finish what it has in hand, QUIT does not. Sealing and rendering go on where a crash left them.
WORKER_STOP_STEPS = ((signal.SIGTERM, 15.0), (signal.SIGQUIT, 5.0))

# An HTTP process moves large pieces between threads. By itself glibc would keep an arena of its own for each of them
# and what was freed in it. What is large is the system's again at once: mallopt(3). What is read of a body at a time
# is not large: were each of its pieces new to the process, zeroing their pages would cost as much as all else.
# The columns of each instruction, for a mark under a traceback's line, are a MiB of every process.
_MEMORY_GIVEN_BACK = {
    "PYTHONNODEBUGRANGES": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(128 << 10),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 20),
}


@dataclass(frozen=True)
class Plan:
    """The stages of an archive, and where it will answer once they are through."""

    stages: tuple[Stage, ...]
    addresses: ArchiveAddresses


def plan_archive(settings: Settings, instance: str, listener: socket.socket, table: int) -> Plan:
    """The whole archive on one box, for the run called `instance`, serving HTTP on `listener`.

    `table`: where the processes on it say how many connections they have (api/engines/even_share.py).
    """
    postgres = embedded_postgres(settings) if settings.database_url is None else None
    database = postgres.addresses() if postgres else external_database(settings)
    valkey = EmbeddedValkey(socket_folder(settings.data), settings.log_folder / "valkey.log")
    tsa_socket = socket_folder(settings.data) / "tsa.sock"
    fork_server = _fork_server(settings)
    bound = listening_address(listener)
    addresses = ArchiveAddresses(
        database=database,
        broker=settings.broker_url or valkey.address,
        tsa=settings.tsa_urls or (f"unix://{tsa_socket}",),
        http=bound.url,
    )
    engines = (
        *([_postgres(postgres)] if postgres else []),
        *([] if settings.broker_url else [_valkey(valkey)]),
    )
    authority = [] if settings.tsa_urls else [_authority(settings, tsa_socket)]
    roles = [Step("数据库角色", "database roles", partial(_prepare_server, settings, postgres))] if postgres else []
    stages: tuple[Stage, ...] = (
        Begin(fork_server),
        *steps_before_database(settings),
        engines,
        *roles,
        *steps_with_database(settings, database),
        Step("地址登记", "addresses", lambda: publish_addresses(settings.run_folder, instance, addresses)),
        (fork_server,),
        *_shipper(settings, postgres, addresses),
        (*authority, _sequencer(settings, addresses)),
        (*_workers(settings, addresses), _beat(settings, addresses)),
        http_processes(settings, addresses, listener, table),
        Answer("整体应答", "the whole answers", lambda: why_not_ready(bound), WITHIN_SECONDS),
    )
    return Plan(stages, addresses)


def _prepare_server(settings: Settings, postgres: EmbeddedPostgres) -> None:
    """Its roles; and where its log is shipped no more, none is kept for that."""
    postgres.ensure_roles()
    if settings.wal_folder is None:
        stop_keeping(postgres.shipper_url(), settings.data)


def _shipper(
    settings: Settings, postgres: EmbeddedPostgres | None, addresses: ArchiveAddresses
) -> list[tuple[ChildSpec, ...]]:
    """Of the server that is ours. Before the sequencer, which signs nothing that is not shipped."""
    if settings.wal_folder is None:
        return []
    if postgres is None:
        raise UsageRefused(
            "LIUHEN_WAL_FOLDER 只用于 liuhen up 自行启动的数据库；外部数据库请用其自身的 WAL 归档",
            "LIUHEN_WAL_FOLDER is for the database that `liuhen up` starts: one elsewhere ships its own",
        )
    environment = {
        "LIUHEN_DATABASE_WORKER_URL": addresses.database.worker,
        **({} if settings.backup_passphrase is None else {"LIUHEN_BACKUP_PASSPHRASE": settings.backup_passphrase}),
    }
    title = ("预写日志送出", "write-ahead log")
    return [(own_process(settings, "shipper", *title, "shipper", environment=environment, forked=True),)]


def _sequencer(settings: Settings, addresses: ArchiveAddresses) -> ChildSpec:
    environment = {"LIUHEN_DATABASE_SEQUENCER_URL": addresses.database.sequencer, **store_secrets(settings)}
    return own_process(
        settings, "sequencer", "账本定序", "ledger sequencer", "sequencer", environment=environment, forked=True
    )


def _workers(settings: Settings, addresses: ArchiveAddresses) -> list[ChildSpec]:
    """One for each queue, so that no queue waits for another, but for those that go with another."""
    return [
        own_process(
            settings,
            queue.process,
            f"工作进程：{queue.chinese}",
            f"worker: {queue.english}",
            *("worker", *(each.name for each in taken_along(queue)), "--processes", str(queue.processes(settings))),
            environment={
                **_worker_environment(addresses),
                **store_secrets(settings),
                **(root_secrets(settings) if queue.needs_root else {}),
                **(_platform_environment(settings) if queue.pushes else {}),
                **(replica_secrets(settings) if queue.reaches_replica else {}),
                **cold_secrets(settings),
            },
            stop_steps=WORKER_STOP_STEPS,
            forked=True,
        )
        for queue in QUEUES.values()
        if not queue.goes_with and queue.is_wanted(settings)
    ]


def _beat(settings: Settings, addresses: ArchiveAddresses) -> ChildSpec:
    environment = {**_worker_environment(addresses), **_wakes_by_beat(settings)}
    return own_process(settings, "beat", "定时唤醒", "clock", "beat", environment=environment, forked=True)


def http_processes(
    settings: Settings, addresses: ArchiveAddresses, listener: socket.socket, table: int
) -> tuple[ChildSpec, ...]:
    """Twins on one socket, which stays open here: while one starts again the others answer."""
    return tuple(
        own_process(
            settings,
            f"http-{number}",
            f"网页与接口 {number}",
            f"HTTP {number}",
            *("http", "--fd", str(listener.fileno()), "--twins", str(table)),
            environment={
                **_application_environment(addresses),
                **store_secrets(settings),
                **root_secrets(settings),
                **replica_secrets(settings),
                **cold_secrets(settings),
                **_MEMORY_GIVEN_BACK,
                **_wakes_by_beat(settings),
            },
            pass_fds=(listener.fileno(), table),
            forked=True,
        )
        for number in range(1, settings.http_processes + 1)
    )


def _application_environment(addresses: ArchiveAddresses) -> dict[str, str]:
    """For what answers people: under row security, and without the address that would get round it."""
    return {"LIUHEN_DATABASE_URL": addresses.database.app, **_services(addresses)}


def _worker_environment(addresses: ArchiveAddresses) -> dict[str, str]:
    return {"LIUHEN_DATABASE_WORKER_URL": addresses.database.worker, **_services(addresses)}


def _services(addresses: ArchiveAddresses) -> dict[str, str]:
    return {
        "LIUHEN_BROKER_URL": addresses.broker,
        "LIUHEN_TSA_URLS": ",".join(addresses.tsa),
    }


def _wakes_by_beat(settings: Settings) -> dict[str, str]:
    return {"LIUHEN_WAKE_SOCKET": str(socket_folder(settings.data) / "wake.sock")}


def _platform_environment(settings: Settings) -> dict[str, str]:
    """For the process that pushes, and no other."""
    return {} if settings.push_token is None else {"LIUHEN_PUSH_TOKEN": settings.push_token}


def _authority(settings: Settings, socket_path: Path) -> ChildSpec:
    title = ("时间戳服务（自建，非独立）", "time stamps (our own, not independent)")
    return own_process(settings, "tsa", *title, "tsa", "--address", str(socket_path), forked=True)


def own_process(
    settings: Settings,
    name: str,
    chinese: str,
    english: str,
    *command: str,
    environment: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    stop_steps: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),),
    forked: bool = False,
) -> ChildSpec:
    """A command of `liuhen` that runs until it is ended and calls announce_ready() once it does its work.

    `forked`: by the fork server of this archive, where it runs.
    """
    words = ("--verbose", *command)
    ready_file = settings.run_folder / "ready" / name
    additions = {READY_FILE_VARIABLE: str(ready_file), "LIUHEN_DATA": str(settings.data), **(environment or {})}

    def launch() -> Launch:
        return Launch(
            # -P: the working folder stays off the import path.
            argv=(sys.executable, "-P", "-m", "api.cli.main", *words),
            log_path=settings.log_folder / f"{name}.log",
            environment=child_environment(additions),
            stop_steps=stop_steps,
            pass_fds=pass_fds,
            fork=Fork(address_for(_fork_address(settings), command), words) if forked else None,
        )

    def prepare() -> None:
        make_private_folder(ready_file.parent)
        ready_file.unlink(missing_ok=True)

    return ChildSpec(name, chinese, english, launch, lambda pid: has_announced(ready_file, pid), prepare)


def _fork_address(settings: Settings) -> Path:
    return socket_folder(settings.data) / "fork.sock"


def _fork_server(settings: Settings) -> ChildSpec:
    """What glibc reads of its environment at the start holds for all that it forks. Of ours it gets what it reads."""
    address = _fork_address(settings)
    spec = own_process(settings, "fork-server", "进程派生", "fork server", environment=_MEMORY_GIVEN_BACK)

    def launch() -> Launch:
        plain = spec.launch()
        own = (READY_FILE_VARIABLE, f"{PREFIX}DATA")
        environment = {
            name: text for name, text in plain.environment.items() if not name.startswith(PREFIX) or name in own
        }
        argv = (sys.executable, "-P", "-m", "api.engines.fork_server", str(address))
        # It holds nothing that would have to be put away, and may be one that hangs.
        return replace(plain, argv=argv, environment=environment, stop_steps=((signal.SIGKILL, 5.0),))

    def prepare() -> None:
        make_private_folder(address.parent)
        for each in (address, address_for(address, (HTTP,))):
            each.unlink(missing_ok=True)
        spec.prepare()

    return replace(spec, launch=launch, prepare=prepare, needed=False)


def _postgres(postgres: EmbeddedPostgres) -> ChildSpec:
    return ChildSpec(
        name="postgres",
        chinese=PART[0],
        english=PART[1],
        launch=postgres.launch,
        is_ready=lambda pid: postgres.is_ready(),
        prepare=postgres.prepare,
        ready_within_seconds=READY_WITHIN_SECONDS,
    )


def _valkey(valkey: EmbeddedValkey) -> ChildSpec:
    return ChildSpec(
        name="valkey",
        chinese="消息队列 Valkey",
        english="broker Valkey",
        launch=valkey.launch,
        is_ready=lambda pid: valkey.is_ready(),
        prepare=valkey.prepare,
    )
