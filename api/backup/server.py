"""The server whose database a backup copies: of the data folder itself, or one elsewhere that the settings name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg

from api.backup.errors import ServerNotCopied
from api.engines.postgres import MAJOR, SUPERUSER, EmbeddedPostgres
from api.engines.roles import SHIPPER, password_of
from api.engines.running import embedded_postgres
from api.errors import DatabaseUnusable, UsageRefused
from api.settings import Settings

_SUITS = """
    SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery(),
        EXISTS (SELECT FROM pg_roles WHERE rolname = %s AND rolsuper),
        (SELECT string_agg(spcname, ', ') FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global'))
"""


@dataclass(frozen=True)
class DatabaseServer:
    """`url`: of a role that may copy the cluster. `secrets`: the passwords of a cluster of our own, which its copy has
    too; None of a server elsewhere, whose superuser's nobody here knows."""

    url: str
    secrets: Path | None

    @classmethod
    def own(cls, postgres: EmbeddedPostgres) -> DatabaseServer:
        return cls(postgres.superuser_url(), postgres.secrets_folder)

    @classmethod
    def named_by(cls, settings: Settings) -> DatabaseServer:
        """Raises UsageRefused where one elsewhere is named and nobody who may copy it."""
        if settings.database_url is None:
            return cls.own(embedded_postgres(settings))
        if settings.database_shipper_url is None:
            raise UsageRefused(
                "备份外部数据库须设置 LIUHEN_DATABASE_SHIPPER_URL（角色 liuhen_shipper，可复制整个服务器），"
                "见 docs/backup.md",
                "a database elsewhere is copied by the role liuhen_shipper: set LIUHEN_DATABASE_SHIPPER_URL; "
                "docs/backup.md says how",
            )
        password_of(settings.database_shipper_url, SHIPPER, "LIUHEN_DATABASE_SHIPPER_URL")
        return cls(settings.database_shipper_url, None)

    def require_copyable(self) -> None:
        """Of a server elsewhere: that its copy can be started, tried and put in place. Raises ServerNotCopied, and
        DatabaseUnusable where it does not answer."""
        if self.secrets is not None:
            return
        try:
            with psycopg.connect(self.url, connect_timeout=10) as session:
                row = session.execute(_SUITS, (SUPERUSER,)).fetchone()
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise DatabaseUnusable(
                f"无法以 LIUHEN_DATABASE_SHIPPER_URL 连接数据库：{reason}",
                f"the database of LIUHEN_DATABASE_SHIPPER_URL cannot be reached: {reason}",
            ) from error
        assert row is not None
        major, recovers, known, tablespaces = row
        if major != MAJOR:
            raise ServerNotCopied(
                f"是 PostgreSQL {major}，本程序只能复制并试启动 {MAJOR}",
                f"it is PostgreSQL {major}, and what comes with this program copies and starts {MAJOR}",
            )
        if recovers:
            raise ServerNotCopied(
                "处于恢复状态或是备用服务器，请指向主服务器", "it is in recovery or a standby: name the primary"
            )
        if not known:
            raise ServerNotCopied(
                f"没有名为 {SUPERUSER} 的超级用户，副本无法试启动核对",
                f"it has no superuser called {SUPERUSER}, by whom its copy is started and counted",
            )
        if tablespaces is not None:
            raise ServerNotCopied(
                f"另有表空间 {tablespaces}，其内容不在数据目录中", f"it has tablespaces elsewhere: {tablespaces}"
            )
