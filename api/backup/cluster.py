"""The database of a backup: PostgreSQL's own physical copy, verified by its own tool and by starting a copy of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.backup.errors import BackupNotMade
from api.backup.server import DatabaseServer
from api.engines.folders import socket_folder
from api.engines.launch import wrapped_argv
from api.engines.postgres import EmbeddedPostgres, find_binaries, hand_passwords

_COPY = ("复制数据库（pg_basebackup）", "copying the database (pg_basebackup)")
_CHECK = ("核对数据库副本（pg_verifybackup）", "verifying the copied database (pg_verifybackup)")
_TRIAL = ("复制试启动用的数据库", "copying the database for its trial start")
# Settings that were altered by SQL: read from the cluster itself, whatever file names the others.
_ALTERED = "postgresql.auto.conf"
_ASKED = "local all all scram-sha-256\n"


def copy_cluster(server: DatabaseServer, target: Path) -> None:
    """A base backup of a running server into the new folder `target`, with the WAL that makes it consistent; durable.

    Raises BackupNotMade.
    """
    parts = conninfo_to_dict(server.url)
    # What is on a command line is everybody's to read.
    environment = {"PGPASSWORD": str(parts.pop("password"))}
    address = make_conninfo("", **parts)
    words = ("-D", str(target), "-d", address, "-w", "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256")
    _run(_COPY, (str(find_binaries() / "pg_basebackup"), *words), environment)


def verify_cluster(folder: Path) -> None:
    """Hold every file against PostgreSQL's own manifest, and parse the WAL. Raises BackupNotMade."""
    _run(_CHECK, (str(find_binaries() / "pg_verifybackup"), "-q", str(folder)))


@contextmanager
def started_copy(cluster: Path, secrets: Path | None, beside: Path) -> Iterator[EmbeddedPostgres]:
    """A private copy of a cluster, started and answering for as long as the block runs; then nothing of it is left.

    `secrets` None: of a server elsewhere.
    """
    with tempfile.TemporaryDirectory(prefix=".trial.partial-", dir=beside) as folder:
        copy = Path(folder) / "postgres"
        _run(_TRIAL, ("/bin/cp", "-a", "--reflink=auto", str(cluster), str(copy)))
        if secrets is None:
            hand_passwords(Path(folder) / "secrets", {})
        own = Path(folder) / "secrets" if secrets is None else secrets
        with started_cluster(copy, own, foreign=secrets is None) as postgres:
            yield postgres


@contextmanager
def started_cluster(cluster: Path, secrets: Path, *, foreign: bool = False) -> Iterator[EmbeddedPostgres]:
    """The cluster itself; its log is beside it, and goes when it ended well.

    `foreign`: from a server elsewhere or for one. Its settings are left aside, its passwords become those in `secrets`.
    """
    rules: AbstractContextManager[Mapping[str, str]] = _own_rules(cluster) if foreign else nullcontext({})
    with rules as options:
        log = cluster.parent / "log" / "postgres.log"
        postgres = EmbeddedPostgres(cluster, secrets, log_path=log, options=options)
        try:
            postgres.start()
            if foreign:
                postgres.set_superuser_password()
            yield postgres
        finally:
            postgres.stop()
            sockets = socket_folder(cluster.parent)
            shutil.rmtree(sockets, ignore_errors=True)


@contextmanager
def _own_rules(cluster: Path) -> Iterator[Mapping[str, str]]:
    """For a cluster whose settings are another machine's: it would load what is not here, write into that machine's
    archive of logs, or wait for its standbys. And nobody knows its passwords: whoever reaches its socket, in a folder
    that is ours alone, comes in."""
    with tempfile.TemporaryDirectory(prefix=".rules.partial-", dir=cluster.parent) as folder:
        rules, altered = Path(folder), Path(folder) / _ALTERED
        (rules / "postgresql.conf").touch(0o600)
        (rules / "pg_hba.conf").write_text("local all all trust\n", encoding="ascii")
        (rules / "pg_ident.conf").touch(0o600)
        for path in rules.iterdir():
            # Where its host kept them beside it, as Debian does, it could be started nowhere else.
            if not (cluster / path.name).exists():
                (cluster / path.name).write_text(_ASKED if path.name == "pg_hba.conf" else "", encoding="ascii")
                (cluster / path.name).chmod(0o600)
        with suppress(FileNotFoundError):
            (cluster / _ALTERED).rename(altered)
        try:
            yield {
                "config_file": str(rules / "postgresql.conf"),
                "hba_file": str(rules / "pg_hba.conf"),
                "ident_file": str(rules / "pg_ident.conf"),
            }
        finally:
            if altered.exists():
                altered.rename(cluster / _ALTERED)


def _run(step: tuple[str, str], argv: tuple[str, ...], environment: dict[str, str] | None = None) -> None:
    """To its end; with ours it ends too, wherever we are killed."""
    done = subprocess.run(
        wrapped_argv(argv, signal.SIGKILL, without_root=False),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={"LANG": "C.UTF-8", "PATH": os.defpath, **(environment or {})},
        cwd="/",
    )
    if done.returncode != 0:
        raise BackupNotMade(step, (done.stderr or done.stdout).strip().splitlines()[-8:])
