"""`liuhen prepare`: what `liuhen up` does before anything serves, for an archive whose engines others start."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from api.engines.lock import DataFolderLock
from api.engines.preparing import steps_before_database, steps_with_database
from api.engines.roles import (
    SHIPPER,
    DatabaseAddresses,
    ensure_roles,
    ensure_shipper,
    password_of,
    passwords_of,
)
from api.engines.running import WAIT_SECONDS, external_database
from api.engines.supervise import Step
from api.errors import ApiError, DatabaseUnusable, StoreUnusable, UsageRefused
from api.settings import Settings

_PAUSE_SECONDS = 1.0


def prepare_archive(settings: Settings, say: Callable[[str], None], patience_seconds: float) -> None:
    """Every step in its order, each waited for where a database or a store does not answer yet.

    Done again it changes nothing. Raises UsageRefused without a database elsewhere, and what a step raises: at once,
    or once `patience_seconds` are over for all of them together.
    """
    if settings.database_url is None:
        raise UsageRefused(
            "liuhen prepare 用于外部数据库；没有设置 LIUHEN_DATABASE_URL 时，liuhen up 会自行准备",
            "`liuhen prepare` is for a database elsewhere: without LIUHEN_DATABASE_URL `liuhen up` prepares by itself",
        )
    database = external_database(settings)
    deadline = time.monotonic() + patience_seconds
    with DataFolderLock.acquire(settings.data, "prepare", wait_seconds=WAIT_SECONDS):
        for step in (
            *steps_before_database(settings),
            *_roles(settings, database),
            *steps_with_database(settings, database),
        ):
            _take(step, say, deadline)


def _roles(settings: Settings, database: DatabaseAddresses) -> tuple[Step, ...]:
    """Only where somebody lends us the superuser: elsewhere its administrator has made them."""
    superuser_url, shipper_url = settings.database_superuser_url, settings.database_shipper_url
    if superuser_url is None:
        return ()
    passwords = passwords_of(database)
    shipper = None if shipper_url is None else password_of(shipper_url, SHIPPER, "LIUHEN_DATABASE_SHIPPER_URL")
    return (Step("数据库角色", "database roles", lambda: _ensure_roles(superuser_url, passwords, shipper)),)


def _ensure_roles(superuser_url: str, passwords: Mapping[str, str], shipper: str | None) -> None:
    """`shipper`: the password of whoever copies the cluster for backups, where there is to be one."""
    import psycopg

    try:
        ensure_roles(superuser_url, passwords)
        if shipper is not None:
            ensure_shipper(superuser_url, shipper)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DatabaseUnusable(
            f"无法连接 LIUHEN_DATABASE_SUPERUSER_URL 所指的数据库：{reason}",
            f"the database of LIUHEN_DATABASE_SUPERUSER_URL cannot be reached: {reason}",
        ) from error


def _take(step: Step, say: Callable[[str], None], deadline: float) -> None:
    """What answers later answers by itself; what is told is told once, and again when it is another."""
    told = ""
    while True:
        try:
            step.action()
        except (DatabaseUnusable, StoreUnusable) as error:
            if time.monotonic() >= deadline:
                raise
            told = _tell_once(error, told, say)
            time.sleep(_PAUSE_SECONDS)
        else:
            say(f"✓ {step.chinese} / {step.english}")
            return


def _tell_once(error: ApiError, told: str, say: Callable[[str], None]) -> str:
    if str(error) != told:
        say(f"… {error}")
    return str(error)
