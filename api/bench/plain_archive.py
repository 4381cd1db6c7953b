"""A plain archive to measure: all of it in one folder, whatever the environment names for another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.settings import Settings

NOT_ELSEWHERE: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "LIUHEN_S3_URL",
        "LIUHEN_S3_BUCKET",
        "LIUHEN_REPLICA_FOLDER",
        "LIUHEN_REPLICA_S3_URL",
        "LIUHEN_REPLICA_S3_BUCKET",
        "LIUHEN_COLD_FOLDER",
        "LIUHEN_COLD_S3_URL",
        "LIUHEN_COLD_S3_BUCKET",
        "LIUHEN_NODE",
        "LIUHEN_NODES",
        "LIUHEN_STAGING_FOLDER",
    ),
    "",
)
"""For a process of that archive: what is empty in the environment is not set."""


def plain_settings(data: Path) -> Settings:
    """Database, broker, time stamps and objects in the folder `data`, and nothing elsewhere."""
    return Settings(
        data=data,
        database_url=None,
        database_owner_url=None,
        database_worker_url=None,
        database_sequencer_url=None,
        broker_url=None,
        tsa_urls=(),
        staging_folder=None,
        node="",
        nodes=(),
        s3_url=None,
        s3_bucket=None,
        replica_folder=None,
        replica_s3_url=None,
        replica_s3_bucket=None,
        cold_folder=None,
        cold_s3_url=None,
        cold_s3_bucket=None,
    )
