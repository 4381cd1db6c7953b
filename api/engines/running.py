"""The database for a command of its own: of the running archive, of a server elsewhere, or started just for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from api.engines.folders import socket_folder
from api.engines.lock import DataFolderLock, busy, read_holder
from api.engines.postgres import SUPERUSER, EmbeddedPostgres
from api.engines.roles import SHIPPER, DatabaseAddresses, password_of, passwords_of
from api.engines.run_record import end_leftovers, read_addresses
from api.errors import DatabaseUnusable, UsageRefused
from api.settings import Settings

WAIT_SECONDS = 30.0
# As libpq counts: 18.0 is 180000.
OLDEST_SERVER = 180_000
_PAUSE_SECONDS = 0.1


@contextmanager
def running_database(settings: Settings, purpose: str = "admin") -> Iterator[DatabaseAddresses]:
    """A migrated database for as long as the block runs.

    A running `liuhen up` on the same data folder lends its own. Without one PostgreSQL alone is started under the
    folder's lock, and ended afterwards; another command that does the same is waited for. Raises DataFolderBusy when
    neither works within half a minute.
    """
    if settings.database_url is not None:
        yield external_database(settings)
        return
    found = _wait_for_database(settings, purpose)
    if isinstance(found, DatabaseAddresses):
        yield found
        return
    with found:
        end_leftovers(settings.run_folder)
        postgres = embedded_postgres(settings)
        addresses = postgres.start()
        try:
            migrate(addresses)
            yield addresses
        finally:
            postgres.stop()


def external_database(settings: Settings) -> DatabaseAddresses:
    """The addresses of a server that is not ours to start. Raises UsageRefused when one of the four is missing."""
    given = {
        "LIUHEN_DATABASE_URL": settings.database_url,
        "LIUHEN_DATABASE_OWNER_URL": settings.database_owner_url,
        "LIUHEN_DATABASE_WORKER_URL": settings.database_worker_url,
        "LIUHEN_DATABASE_SEQUENCER_URL": settings.database_sequencer_url,
    }
    missing = ", ".join(name for name, value in given.items() if value is None)
    if missing:
        raise UsageRefused(
            f"使用外部数据库时须同时设置四个地址，缺少 {missing}",
            f"a database elsewhere needs an address for each of its four roles, and {missing} is not set",
        )
    app, owner, worker, sequencer = (str(value) for value in given.values())
    return DatabaseAddresses(owner=owner, app=app, worker=worker, sequencer=sequencer)


def given_passwords(settings: Settings) -> dict[str, str]:
    """Of every role whose address the settings name: as a server elsewhere is to have them. None where it is ours.

    Raises UsageRefused where an address names another role.
    """
    if settings.database_url is None:
        return {}
    found = dict(passwords_of(external_database(settings)))
    if settings.database_superuser_url is not None:
        found[SUPERUSER] = password_of(settings.database_superuser_url, SUPERUSER, "LIUHEN_DATABASE_SUPERUSER_URL")
    if settings.database_shipper_url is not None:
        found[SHIPPER] = password_of(settings.database_shipper_url, SHIPPER, "LIUHEN_DATABASE_SHIPPER_URL")
    return found


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    """The cluster of this data folder, not started."""
    return EmbeddedPostgres(
        settings.cluster_folder,
        settings.secrets_folder,
        sockets=socket_folder(settings.data),
        log_path=settings.log_folder / "postgres.log",
        # Also where nothing is shipped any more: a slot that was left would keep the log until the disk is full.
        options={"max_slot_wal_keep_size": f"{max(1, int(settings.wal_keep) >> 20)}MB"},
    )


def migrate(addresses: DatabaseAddresses) -> None:
    """Bring the database to this release's schema. Raises DatabaseUnusable when there is none to be had, when it has a
    newer one, or while somebody holds what is to be altered."""
    check_server(addresses)
    # Alembic and SQLAlchemy take half a second to import: only where they are used.
    from storage.errors import SchemaAhead, SchemaBusy
    from storage.migrations.upgrading import upgrade

    try:
        upgrade(addresses.owner)
    except SchemaAhead as error:
        raise DatabaseUnusable(
            f"数据库的结构（{error.found}）属于更新的版本，本程序只到 {error.own}；请用更新的版本启动",
            f"the database has a newer release's schema ({error.found}; this one knows {error.own}): "
            "start with that release",
        ) from error
    except SchemaBusy as error:
        raise DatabaseUnusable(
            "正在使用数据库的人占用着须变更的表，结构未作任何变更；等长时间的查询结束后重试",
            "somebody holds a table that has to be altered, and nothing was: try again once long queries have ended",
        ) from error


def require_current_schema(addresses: DatabaseAddresses) -> None:
    """For whoever changes nothing. Raises DatabaseUnusable."""
    check_server(addresses)
    from storage.migrations.upgrading import is_current

    if not is_current(addresses.owner):
        raise DatabaseUnusable(
            "数据库的结构属于另一版本的程序；请用相应版本，或先以 liuhen up 升级",
            "the database has the schema of another release: use that release, or bring it up with `liuhen up` first",
        )


def check_server(addresses: DatabaseAddresses) -> None:
    """See that each role gets in, and that the server is no older than the embedded one."""
    import psycopg

    named = {
        "OWNER_": addresses.owner,
        "": addresses.app,
        "WORKER_": addresses.worker,
        "SEQUENCER_": addresses.sequencer,
    }
    for role, url in named.items():
        try:
            with psycopg.connect(url, connect_timeout=10) as connection:
                version = connection.info.server_version
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise DatabaseUnusable(
                f"无法连接 LIUHEN_DATABASE_{role}URL 所指的数据库：{reason}",
                f"the database of LIUHEN_DATABASE_{role}URL cannot be reached: {reason}",
            ) from error
        if version < OLDEST_SERVER:
            raise DatabaseUnusable(
                f"需要 PostgreSQL 18 或更新版本，现为 {version // 10000}",
                f"PostgreSQL 18 or later is needed, and this one is {version // 10000}",
            )


def _wait_for_database(settings: Settings, purpose: str) -> DataFolderLock | DatabaseAddresses:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        lock = DataFolderLock.try_acquire(settings.data, purpose)
        if lock is not None:
            return lock
        holder = read_holder(settings.data)
        published = read_addresses(settings.run_folder, holder.instance) if holder else None
        if published is not None:
            return published.database
        if time.monotonic() >= deadline:
            raise busy(settings.data, holder)
        time.sleep(_PAUSE_SECONDS)
