"""Bringing a database to this release's schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from storage.errors import SchemaAhead, SchemaBusy
from storage.migrations.revision import is_ahead, own_revision, read_revision

_LOCK = 0x4C69_7568  # "Liuh": two starts at once migrate one after the other
LOCK_WAIT_SECONDS = 3
"""Everybody who comes later waits behind a change that waits for a table: then they go first, and it begins anew."""


def upgrade(owner_url: str) -> None:
    """Bring the database to this release's schema. Idempotent; safe to call from several hosts at once, and while
    processes of the release before work. Raises SchemaAhead, and SchemaBusy where they hold what is to be altered."""
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _upgrade(connection)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    found = read_revision(connection)
    if is_ahead(found):
        raise SchemaAhead(found, own_revision())
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'"))
    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise SchemaBusy(found, own_revision()) from error
        raise


def is_current(owner_url: str) -> bool:
    """Whether the database has this release's schema. Changes nothing."""
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            return read_revision(connection) == own_revision()
    finally:
        engine.dispose()


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
