"""The database of a backup: PostgreSQL's own physical copy, verified by its own tool and by starting a copy of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.backup.errors import BackupNotMade
from api.engines.folders import socket_folder
from api.engines.launch import wrapped_argv
from api.engines.postgres import SUPERUSER, EmbeddedPostgres, find_binaries

_COPY = ("复制数据库（pg_basebackup）", "copying the database (pg_basebackup)")
_CHECK = ("核对数据库副本（pg_verifybackup）", "verifying the copied database (pg_verifybackup)")
_TRIAL = ("复制试启动用的数据库", "copying the database for its trial start")


def copy_cluster(postgres: EmbeddedPostgres, target: Path) -> None:
    """A base backup of a running server into the new folder `target`, with the WAL that makes it consistent; durable.

    Raises BackupNotMade.
    """
    address = f"host={postgres.sockets} port=5432 user={SUPERUSER}"
    password = (postgres.secrets_folder / "postgres.password").read_text(encoding="ascii").strip()
    words = ("-D", str(target), "-d", address, "-w", "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256")
    _run(_COPY, (str(find_binaries() / "pg_basebackup"), *words), {"PGPASSWORD": password})


def verify_cluster(folder: Path) -> None:
    """Hold every file against PostgreSQL's own manifest, and parse the WAL. Raises BackupNotMade."""
    _run(_CHECK, (str(find_binaries() / "pg_verifybackup"), "-q", str(folder)))


@contextmanager
def started_copy(cluster: Path, secrets: Path, beside: Path) -> Iterator[EmbeddedPostgres]:
    """A private copy of a cluster, started and answering for as long as the block runs; then nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix=".trial.partial-", dir=beside) as folder:
        copy = Path(folder) / "postgres"
        _run(_TRIAL, ("/bin/cp", "-a", "--reflink=auto", str(cluster), str(copy)))
        with started_cluster(copy, secrets) as postgres:
            yield postgres


@contextmanager
def started_cluster(cluster: Path, secrets: Path) -> Iterator[EmbeddedPostgres]:
    """The cluster itself; its log is beside it, and goes when it ended well."""
    postgres = EmbeddedPostgres(cluster, secrets, log_path=cluster.parent / "log" / "postgres.log")
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()
        sockets = socket_folder(cluster.parent)
        shutil.rmtree(sockets, ignore_errors=True)


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
