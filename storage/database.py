"""Connections and sessions. One request or task is one session and one transaction; only the edge commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker


class Database:
    """One role's way into one PostgreSQL. Connections are pooled, checked before use, and never outlive a fork."""

    def __init__(self, url: str, *, pool_size: int = 10, application_name: str = "liuhen") -> None:
        """`url` is a libpq URL (`postgresql://role:password@/database?host=…`), as psql takes it."""
        self.engine: Engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            # Names, hashes and keys are parameters: no error text may carry them into a log.
            hide_parameters=True,
            connect_args={"application_name": application_name, "connect_timeout": 10, "options": "-c timezone=UTC"},
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends, and rolls back when it raises."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only: PostgreSQL itself refuses a write in it."""
        with self._sessions() as session:
            session.connection(execution_options={"postgresql_readonly": True})
            yield session

    def close(self) -> None:
        self.engine.dispose()
