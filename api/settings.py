"""The settings of an archive: the only module that reads the environment. docs/operating.md has the table."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ByteSize, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import SettingInvalid, UsageRefused
from api.setting_files import AN_ADDRESS, one_of
from api.setting_values import (
    BindAddress,
    BucketName,
    Count,
    DatabaseUrl,
    Days,
    Hours,
    Licence,
    Network,
    NodeName,
    OtelUrl,
    PushToken,
    PushUrl,
    ReadableFile,
    Region,
    RootHolder,
    S3Key,
    S3Url,
    Seconds,
    Secret,
    Size,
    ToolFolder,
    Wanted,
    check_broker,
    check_header_name,
    parse_bind,
    parse_codes,
    parse_data,
    parse_names,
    parse_networks,
    parse_nodes,
    parse_tsa,
)
from ingest.metadata.own_names import PatternRefused

PREFIX = "LIUHEN_"
# Read elsewhere (tests) or by nobody (the mark of one run): no misspelling of ours.
_FOREIGN = frozenset({"LIUHEN_CORPUS", "LIUHEN_INSTANCE"})
# What each role may see of the database is decided by handing its process one address and no other; one process alone
# speaks to the city's platform, and not all to the store.
_DATABASES = frozenset(
    {
        *("database_url", "database_owner_url", "database_worker_url", "database_sequencer_url"),
        *("database_superuser_url", "database_shipper_url"),
    }
)
ADDRESSES_IN_FILES = tuple(sorted(_DATABASES)) + ("broker_url",)
"""Each has a password in it: `…_FILE` names a file that holds the address instead."""


class Settings(BaseSettings):
    """Everything that can be set, with the value it has when nothing is. Names are those of the variables."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data: Annotated[Path, BeforeValidator(parse_data), Wanted("一个目录", "a folder")] = Field(
        default=Path("var"), validate_default=True
    )
    bind: Annotated[BindAddress, NoDecode, BeforeValidator(parse_bind), Wanted("主机:端口", "host:port")] = BindAddress(
        "127.0.0.1", 8000
    )
    database_url: DatabaseUrl | None = None
    database_url_file: ReadableFile | None = None
    database_owner_url: DatabaseUrl | None = None
    database_owner_url_file: ReadableFile | None = None
    database_worker_url: DatabaseUrl | None = None
    database_worker_url_file: ReadableFile | None = None
    database_sequencer_url: DatabaseUrl | None = None
    database_sequencer_url_file: ReadableFile | None = None
    database_superuser_url: DatabaseUrl | None = None
    database_superuser_url_file: ReadableFile | None = None
    database_shipper_url: DatabaseUrl | None = None
    database_shipper_url_file: ReadableFile | None = None
    broker_url: (
        Annotated[
            str, BeforeValidator(check_broker), Wanted("redis://… 或 amqp://…", "a redis://… or amqp://… address")
        ]
        | None
    ) = None
    broker_url_file: ReadableFile | None = None
    tsa_urls: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(parse_tsa),
        Wanted("一个或多个 http(s):// 地址，以逗号分隔", "one or more http(s):// addresses with commas between"),
    ] = ()
    wake_socket: Path | None = None
    staging_folder: Annotated[Path, BeforeValidator(parse_data), Wanted("一个目录", "a folder")] | None = None
    node: NodeName = ""
    nodes: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(parse_nodes),
        Wanted("一个或多个采集节点名称，以逗号分隔", "one or more names of nodes with commas between"),
    ] = ()
    push_url: PushUrl | None = None
    push_token: PushToken | None = Field(default=None, repr=False)
    s3_url: S3Url | None = None
    s3_bucket: BucketName | None = None
    s3_region: Region = "us-east-1"
    s3_access_key: S3Key | None = Field(default=None, repr=False)
    s3_access_key_file: ReadableFile | None = None
    s3_secret_key: S3Key | None = Field(default=None, repr=False)
    s3_secret_key_file: ReadableFile | None = None
    s3_ca_file: ReadableFile | None = None
    root_holder: RootHolder | None = None
    root_passphrase: Secret | None = Field(default=None, repr=False)
    root_passphrase_file: ReadableFile | None = None
    root_key: Secret | None = Field(default=None, repr=False)
    root_key_file: ReadableFile | None = None
    pkcs11_module: ReadableFile | None = None
    pkcs11_token: Annotated[str, Wanted("设备标签", "a token's label")] | None = None
    pkcs11_pin: Secret | None = Field(default=None, repr=False)
    pkcs11_pin_file: ReadableFile | None = None
    replica_folder: Annotated[Path, BeforeValidator(parse_data), Wanted("一个目录", "a folder")] | None = None
    replica_s3_url: S3Url | None = None
    replica_s3_bucket: BucketName | None = None
    replica_s3_region: Region = "us-east-1"
    replica_s3_access_key: S3Key | None = Field(default=None, repr=False)
    replica_s3_access_key_file: ReadableFile | None = None
    replica_s3_secret_key: S3Key | None = Field(default=None, repr=False)
    replica_s3_secret_key_file: ReadableFile | None = None
    replica_s3_ca_file: ReadableFile | None = None
    replica_rate: Size = ByteSize(64 << 20)
    replica_behind_hours: Hours = 24
    cold_folder: Annotated[Path, BeforeValidator(parse_data), Wanted("一个目录", "a folder")] | None = None
    cold_s3_url: S3Url | None = None
    cold_s3_bucket: BucketName | None = None
    cold_s3_region: Region = "us-east-1"
    cold_s3_access_key: S3Key | None = Field(default=None, repr=False)
    cold_s3_access_key_file: ReadableFile | None = None
    cold_s3_secret_key: S3Key | None = Field(default=None, repr=False)
    cold_s3_secret_key_file: ReadableFile | None = None
    cold_s3_ca_file: ReadableFile | None = None
    cold_after_days: Days = 365
    cold_quiet_days: Days = 90
    cold_classes: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(parse_codes),
        Wanted("一个或多个保管期限代码，以逗号分隔", "one or more codes of retention classes with commas between"),
    ] = ()
    cold_rate: Size = ByteSize(64 << 20)
    backup_passphrase: Secret | None = Field(default=None, repr=False)
    backup_passphrase_file: ReadableFile | None = None
    backup_days: Days | None = None
    wal_folder: Annotated[Path, BeforeValidator(parse_data), Wanted("一个目录", "a folder")] | None = None
    wal_seconds: Seconds = 60
    wal_keep: Size = ByteSize(16 << 30)
    ffmpeg_folder: ToolFolder | None = None

    http_processes: Count = 2
    custody_workers: Count = 1
    media_workers: Count = 1
    encoding_workers: Count = 1

    uploads_at_once: Count = 64
    uploads_terminated: Count = 1000
    uploads_waiting: Size = ByteSize(128 << 30)
    upload_size: Size = ByteSize(64 << 30)
    upload_deferred_size: Size = ByteSize(1 << 30)
    upload_rate: Size = ByteSize(4 << 10)
    upload_rate_seconds: Seconds = 60
    upload_expiry_hours: Hours = 72
    upload_longest_days: Days = 30
    disk_reserve: Size = ByteSize(64 << 20)

    scrub_rate: Size = ByteSize(32 << 20)
    scrub_days: Days = 30

    station_code_hours: Hours = 24
    station_silent_hours: Hours = 24
    station_clock_seconds: Seconds = 60
    station_history_days: Days = 30
    certificate_warning_days: Days = 60

    name_patterns: Annotated[
        tuple[Any, ...],  # of NamePattern
        NoDecode,
        BeforeValidator(parse_names),
        Wanted("文件名格式，见 docs/metadata.md", "patterns of file names, as docs/metadata.md has them"),
    ] = ()

    segment_gap_seconds: Seconds = 5

    state_secret_licence: Licence | None = None

    trusted_proxies: Annotated[
        tuple[Network, ...],
        NoDecode,
        BeforeValidator(parse_networks),
        Wanted("一个或多个地址或网段，以逗号分隔", "one or more addresses or networks with commas between"),
    ] = ()
    client_certificate_header: (
        Annotated[str, BeforeValidator(check_header_name), Wanted("请求头名称", "the name of a header")] | None
    ) = None

    otel_url: OtelUrl | None = None
    otel_ca_file: ReadableFile | None = None

    ready_file: Path | None = None

    @property
    def tool_search_path(self) -> str:
        """Where ffmpeg and ffprobe are looked for, in the form of PATH."""
        path = os.environ.get("PATH", os.defpath)
        return path if self.ffmpeg_folder is None else f"{self.ffmpeg_folder}{os.pathsep}{path}"

    @property
    def secrets_folder(self) -> Path:
        return self.data / "secrets"

    @property
    def replica_place(self) -> str | None:
        """What the second store is called, by people and by its row; None where there is none. Its key is not needed:
        whoever only tells how it is has none."""
        if self.replica_folder is not None:
            return str(self.replica_folder)
        if self.replica_s3_url is not None and self.replica_s3_bucket is not None:
            return f"{self.replica_s3_url}/{self.replica_s3_bucket}"
        return None

    @property
    def cold_place(self) -> str | None:
        """What the cold place is called, likewise."""
        if self.cold_folder is not None:
            return str(self.cold_folder)
        if self.cold_s3_url is not None and self.cold_s3_bucket is not None:
            return f"{self.cold_s3_url}/{self.cold_s3_bucket}"
        return None

    @property
    def run_folder(self) -> Path:
        return self.data / "run"

    @property
    def log_folder(self) -> Path:
        return self.data / "log"

    @property
    def cluster_folder(self) -> Path:
        return self.data / "postgres"

    @property
    def authority_folder(self) -> Path:
        return self.data / "tsa"


def load_settings() -> Settings:
    """The settings as the environment has them now, with the addresses that it has in files.

    Raises SettingInvalid for the first that is no use, UsageRefused for a file that holds none.
    """
    _refuse_misspelt(os.environ)
    try:
        given = Settings()
    except ValidationError as error:
        raise _explain(error) from error
    found = {name: file for name in ADDRESSES_IN_FILES if (file := getattr(given, f"{name}_file")) is not None}
    read: dict[str, Any] = {
        name: one_of(getattr(given, name), file, variable_of(name), AN_ADDRESS) for name, file in found.items()
    }
    try:
        # Where none is in a file, as it was: what was set and what is default can be told apart.
        return Settings(**read) if read else given
    except ValidationError as error:
        # What stands in a file is not repeated.
        raise _explain(error, in_files=frozenset(read)) from None


def setting_names() -> list[str]:
    """The name of every variable."""
    return [variable_of(name) for name in Settings.model_fields]


def variable_of(name: str) -> str:
    """The variable that sets the field `name`."""
    return PREFIX + name.upper()


def is_secret(name: str) -> bool:
    """Whether the value of the field `name` may be written down nowhere, and goes to those processes alone that need
    it: an address with its password, and what is not even shown (`repr=False`)."""
    return name in _DATABASES or not Settings.model_fields[name].repr


def child_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process of ours: this one's without what is secret, and with `additions`."""
    secret = {variable_of(name) for name in Settings.model_fields if is_secret(name)}
    # An address that was read is handed on as it is, to whom it is for.
    secret |= {variable_of(f"{name}_file") for name in ADDRESSES_IN_FILES}
    return {**{name: value for name, value in os.environ.items() if name not in secret}, **additions}


def _explain(error: ValidationError, in_files: frozenset[str] = frozenset()) -> SettingInvalid:
    first = error.errors()[0]
    name = str(first["loc"][0])
    wanted = next((item for item in _metadata(name) if isinstance(item, Wanted)), Wanted(first["msg"], first["msg"]))
    chinese, english = wanted.chinese, wanted.english
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, PatternRefused):
        chinese, english = f"{chinese}（{cause}）", f"{english} ({cause})"
    if name in in_files:
        return SettingInvalid(f"{variable_of(name)}_FILE", "…", chinese, english)
    # Not even where the value is no use.
    shown = "…" if not Settings.model_fields[name].repr else _without_password(str(first["input"]))
    return SettingInvalid(variable_of(name), shown, chinese, english)


def _metadata(name: str) -> list[Any]:
    field = Settings.model_fields[name]
    # `X | None` hides the annotations of X one level down.
    inner = [item for part in getattr(field.annotation, "__args__", ()) for item in getattr(part, "__metadata__", ())]
    return [*field.metadata, *inner]


def _without_password(text: str) -> str:
    return re.sub(r"(://[^/@:]*):[^@/]*@", r"\1:…@", text)


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    known = setting_names()
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in known or name in _FOREIGN:
            continue
        suffixes = [other.removeprefix(PREFIX) for other in known]
        for close in difflib.get_close_matches(name.removeprefix(PREFIX), suffixes, n=1, cutoff=0.75):
            raise UsageRefused(
                f"没有名为 {name} 的设置；是否应为 {PREFIX}{close}？",
                f"there is no setting {name}: did you mean {PREFIX}{close}?",
            )
