"""The database `liuhen` and its four roles: who may do what begins here and goes on in the migrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.errors import UsageRefused

DATABASE = "liuhen"
OWNER = "liuhen_owner"
APP = "liuhen_app"
WORKER = "liuhen_worker"
SEQUENCER = "liuhen_sequencer"
ROLES = (OWNER, APP, WORKER, SEQUENCER)
SHIPPER = "liuhen_shipper"
"""Whoever makes backups copies the cluster and its write-ahead log by it, and has the log kept; it reads no table."""


@dataclass(frozen=True)
class DatabaseAddresses:
    """One libpq URL a role.

    `owner` is for migrations only, `app` for what answers people over HTTP, `worker` for what acts for nobody (workers,
    commands), `sequencer` for the ledger.
    """

    owner: str
    app: str
    worker: str
    sequencer: str


def socket_url(role: str, password: str, socket_folder: Path, database: str = DATABASE) -> str:
    """A URL that psql and psycopg take. The port names the socket file; without it PGPORT would decide."""
    host = quote(str(socket_folder), safe="")
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}&port=5432"


def ensure_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Make database and roles what they should be, whatever is there already.

    The owner may do everything in its database and nothing outside it. The others may connect; what they may read or
    write is for the migrations to grant. The worker has whatever the application has. None may bypass row security.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role in ROLES:
            _ensure_role(connection, role, passwords[role])
        # One list of permissions for both: what a migration grants to the application holds for the worker. Policies
        # of row security tell them apart, and a member cannot be reached from the role it belongs to.
        _execute(connection, "GRANT {} TO {} WITH INHERIT TRUE, SET FALSE", APP, WORKER)
        _ensure_database(connection)
    with psycopg.connect(superuser_url, dbname=DATABASE, autocommit=True) as connection:
        _execute(connection, "ALTER SCHEMA public OWNER TO {}", OWNER)
        _execute(connection, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def ensure_shipper(superuser_url: str, password: str) -> None:
    """The role that ships the write-ahead log: replication slots, and a checkpoint where room has to be made."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        _ensure_role(connection, SHIPPER, password, "REPLICATION")
        _execute(connection, "GRANT pg_checkpoint TO {}", SHIPPER)


def passwords_of(addresses: DatabaseAddresses) -> Mapping[str, str]:
    """The password that each role's address has. Raises UsageRefused where it names another role or database."""
    named = {OWNER: addresses.owner, APP: addresses.app, WORKER: addresses.worker, SEQUENCER: addresses.sequencer}
    passwords = {}
    for role, url in named.items():
        parts = conninfo_to_dict(url)
        if parts.get("user") != role or parts.get("dbname") != DATABASE or not parts.get("password"):
            raise UsageRefused(
                f"角色 {role} 的数据库地址应为 postgresql://{role}:口令@主机/{DATABASE}",
                f"the database address of {role} should be postgresql://{role}:PASSWORD@HOST/{DATABASE}",
            )
        passwords[role] = str(parts["password"])
    return passwords


def password_of(url: str, role: str, variable: str) -> str:
    """That the address of another role of the server has. Raises UsageRefused where it names a different one."""
    parts = conninfo_to_dict(url)
    if parts.get("user") != role or not parts.get("password"):
        raise UsageRefused(
            f"{variable} 应为 postgresql://{role}:口令@主机/postgres",
            f"{variable} should be postgresql://{role}:PASSWORD@HOST/postgres",
        )
    return str(parts["password"])


def set_password(superuser_url: str, role: str, password: str) -> None:
    """Of a role that is there, and may do what it may."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), _verifier(connection, role, password)))


def _verifier(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> sql.Literal:
    """Made here: the password itself never reaches the server, whose log repeats failing statements."""
    made = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return sql.Literal(made.decode())


def _ensure_role(
    connection: psycopg.Connection[tuple[object, ...]],
    role: str,
    password: str,
    replication: LiteralString = "NOREPLICATION",
) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if known is None:
        _execute(connection, "CREATE ROLE {}", role)
    limits: LiteralString = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS "
    connection.execute(
        sql.SQL("ALTER ROLE {} " + limits + replication + " PASSWORD {}").format(
            sql.Identifier(role), _verifier(connection, role, password)
        )
    )


def _ensure_database(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
    if known is None:
        # As the cluster of one box has it, whatever another server's own is.
        encoding = "ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'"
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 " + encoding)
        connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
    # TEMPORARY is public by default: a temporary table can shadow a name inside a SECURITY DEFINER function.
    _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", DATABASE)
    _execute(connection, "GRANT CONNECT ON DATABASE {} TO {}, {}, {}", DATABASE, APP, WORKER, SEQUENCER)


def _execute(connection: psycopg.Connection[tuple[object, ...]], statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
