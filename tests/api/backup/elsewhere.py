"""A database server of somebody else, from whom a backup copies, and who may copy it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from api.backup.server import DatabaseServer
from api.engines.postgres import EmbeddedPostgres
from api.engines.roles import ROLES, DatabaseAddresses, socket_url
from storage.migrations.upgrading import upgrade
from tests.conftest import QUICK

# What a copy must not go by: it would wait for this standby for ever.
_WAITS = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"


@contextmanager
def serving(cluster: Path, secrets: Path) -> Iterator[EmbeddedPostgres]:
    """With the schema of this release, and settings of its own."""
    server = EmbeddedPostgres(cluster, secrets, options={**QUICK, "synchronous_standby_names": ""})
    server.start()
    try:
        upgrade(server.addresses().owner)
        with psycopg.connect(server.superuser_url(), autocommit=True) as session:
            session.execute(_WAITS)
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.sockets, ignore_errors=True)


def lent(server: EmbeddedPostgres) -> DatabaseServer:
    """To whoever copies it, and knows no other password of it."""
    return DatabaseServer(server.shipper_url(), None)


def given_addresses() -> DatabaseAddresses:
    """Of the server that the new machine is to have: other passwords than the one that was lost."""
    owner, app, worker, sequencer = (socket_url(role, f"new {role}", Path("/nowhere")) for role in ROLES)
    return DatabaseAddresses(owner=owner, app=app, worker=worker, sequencer=sequencer)
