"""An archive filled with rows, and a real HTTP process in front of it: what searches and lists are measured on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from api.bench.archive_rows import ArchiveSize, fill_archive
from api.bench.custody import running_child
from api.bench.errors import BenchError
from api.bench.plain_archive import NOT_ELSEWHERE, plain_settings
from api.credentials import open_session
from api.engines.listener import open_listener
from api.engines.plan import own_process
from api.engines.preparing import create_keys, load_policies
from api.engines.roles import DatabaseAddresses
from api.engines.running import embedded_postgres, running_database
from api.http.sessions import SESSION_COOKIE
from api.setting_values import BindAddress
from api.settings import Settings
from storage.catalog.organisation import Person, Unit
from storage.database import Database

UNITS: Final = ("BENCH05", "BENCH08", "BENCH14", "BENCH24")
"""From the largest, with a sixth of all cases, to one of the smallest."""


@dataclass(frozen=True)
class FilledArchive:
    """`filled_seconds`: what filling it took. `viewers`: of each role one of each of UNITS, as cookies by person."""

    url: str
    database: Database
    filled_seconds: float
    viewers: Mapping[str, Sequence[tuple[uuid.UUID, str]]]

    def browser(self, cookie: str = "") -> httpx.Client:
        cookies = {SESSION_COOKIE: cookie} if cookie else {}
        return httpx.Client(base_url=self.url, cookies=cookies, timeout=120.0, trust_env=False)


@contextmanager
def filled_archive(folder: Path, size: ArchiveSize) -> Iterator[FilledArchive]:
    """All of it under `folder`; it ends with the block. Raises BenchError."""
    settings = plain_settings(folder / "data")
    with ExitStack() as undo:
        addresses = undo.enter_context(running_database(settings, "bench"))
        create_keys(settings)
        load_policies(addresses)
        began = time.monotonic()
        fill_archive(superuser_of(settings, addresses), size, datetime.now(UTC))
        filled_seconds = time.monotonic() - began
        listener = undo.enter_context(open_listener(BindAddress("127.0.0.1", 0)))
        environment = {**NOT_ELSEWHERE, "LIUHEN_DATABASE_URL": addresses.app, "LIUHEN_TSA_URLS": "unix:///dev/null"}
        descriptor = listener.fileno()
        words = ("http", "--fd", str(descriptor))
        spec = own_process(
            settings, "http-1", "网页与接口", "HTTP", *words, environment=environment, pass_fds=(descriptor,)
        )
        undo.enter_context(running_child(spec))
        database = Database(addresses.worker, pool_size=1, application_name="liuhen-bench")
        undo.callback(database.close)
        host, port = listener.getsockname()[:2]
        yield FilledArchive(f"http://{host}:{port}", database, filled_seconds, sign_in(database))


def superuser_of(settings: Settings, addresses: DatabaseAddresses) -> str:
    """Who can do everything, in the archive's own database."""
    path = urlsplit(addresses.app).path
    return urlsplit(embedded_postgres(settings).superuser_url())._replace(path=path).geturl()


def sign_in(database: Database) -> dict[str, list[tuple[uuid.UUID, str]]]:
    """A browser's session for one of each role in each of UNITS. Raises BenchError where nobody is there."""
    viewers: dict[str, list[tuple[uuid.UUID, str]]] = {}
    with database.transaction() as session:
        wanted = select(Person).join(Unit, Unit.id == Person.unit_id).where(Unit.code.in_(UNITS))
        one_of_each = wanted.ext(distinct_on(Unit.code, Person.role))
        people = session.scalars(one_of_each.order_by(Unit.code, Person.role, Person.id))
        for person in people.all():
            cookie = open_session(session, person, datetime.now(UTC))
            viewers.setdefault(person.role, []).append((person.id, cookie))
    if not viewers:
        raise BenchError("nobody is in the archive that was filled")
    return viewers
