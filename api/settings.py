"""The settings of an archive: the only module that reads the environment. docs/operating.md has the table."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ByteSize, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import SettingInvalid, UsageRefused
from ingest.metadata.file_name import NamePattern
from ingest.metadata.own_names import PatternRefused, read_patterns
from storage.roots.names import HOLDERS

PREFIX = "LIUHEN_"
# Read elsewhere (tests) or by nobody (the mark of one run): no misspelling of ours.
_FOREIGN = frozenset({"LIUHEN_CORPUS", "LIUHEN_INSTANCE"})
# What each role may see of the database is decided by handing its process one address and no other; one process alone
# speaks to the city's platform, and not all to the store.
_SECRET = frozenset(
    {
        "LIUHEN_DATABASE_URL",
        "LIUHEN_DATABASE_OWNER_URL",
        "LIUHEN_DATABASE_WORKER_URL",
        "LIUHEN_DATABASE_SEQUENCER_URL",
        "LIUHEN_PUSH_TOKEN",
        "LIUHEN_S3_ACCESS_KEY",
        "LIUHEN_S3_SECRET_KEY",
        "LIUHEN_ROOT_KEY",
        "LIUHEN_ROOT_PASSPHRASE",
        "LIUHEN_PKCS11_PIN",
        "LIUHEN_REPLICA_S3_ACCESS_KEY",
        "LIUHEN_REPLICA_S3_SECRET_KEY",
        "LIUHEN_BACKUP_PASSPHRASE",
    }
)

# Not even where the value is no use.
_NEVER_SHOWN = frozenset(
    {
        "push_token",
        "s3_access_key",
        "s3_secret_key",
        "root_key",
        "root_passphrase",
        "pkcs11_pin",
        "replica_s3_access_key",
        "replica_s3_secret_key",
        "backup_passphrase",
    }
)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class BindAddress:
    """Where HTTP is served. Port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self}"

    @classmethod
    def parse(cls, text: str) -> BindAddress:
        """Of `host:port` or `[ipv6]:port`."""
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError("not an address and a port")
        if host.startswith("["):
            host = str(ipaddress.IPv6Address(host.strip("[]")))
        elif ":" in host or not re.fullmatch(r"[A-Za-z0-9.-]+", host):
            raise ValueError("not a host")
        return cls(host, int(port))


@dataclass(frozen=True)
class Wanted:
    """What to write into a variable, for the message about a value that is no use."""

    chinese: str
    english: str


def _parse_licence(value: object) -> str:
    text = str(value).strip()
    if not text or len(text) > 200 or not text.isprintable():
        raise ValueError("no number of a licence")
    return text


def _parse_bind(value: object) -> BindAddress:
    return value if isinstance(value, BindAddress) else BindAddress.parse(str(value))


def _parse_data(value: object) -> Path:
    return Path(str(value)).expanduser().resolve()


def _parse_tool_folder(value: object) -> Path:
    folder = Path(str(value)).expanduser().absolute()
    for name in ("ffmpeg", "ffprobe"):
        if not os.access(folder / name, os.X_OK):
            raise ValueError(f"no executable {name} in it")
    return folder


def _check_database(value: object) -> str:
    if urlsplit(str(value)).scheme not in ("postgresql", "postgres"):
        raise ValueError("not a PostgreSQL URL")
    return str(value)


def _check_broker(value: object) -> str:
    if urlsplit(str(value)).scheme not in ("redis", "rediss", "redis+socket", "amqp", "amqps"):
        raise ValueError("not a broker URL")
    return str(value)


def _parse_tsa(value: object) -> tuple[str, ...]:
    urls = tuple(value) if isinstance(value, tuple | list) else tuple(re.split(r"[\s,]+", str(value).strip()))
    if any(urlsplit(url).scheme not in ("http", "https", "unix") for url in urls):
        raise ValueError("not a URL")
    return urls


def _parse_networks(value: object) -> tuple[Network, ...]:
    words = value if isinstance(value, tuple | list) else re.split(r"[\s,]+", str(value).strip())
    return tuple(ipaddress.ip_network(str(word)) for word in words)


def _parse_names(value: object) -> tuple[NamePattern, ...]:
    return value if isinstance(value, tuple) else read_patterns(str(value).strip())


def _check_header_name(value: object) -> str:
    name = str(value).strip().lower()
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError("not a header's name")
    return name


_SIZE = Wanted("大小，如 16GiB", "a size such as 16GiB")
_COUNT = Wanted("大于零的整数", "a whole number above zero")
_DATABASE = Wanted("postgresql://角色:口令@主机/库", "postgresql://role:password@host/database")
DatabaseUrl = Annotated[str, BeforeValidator(_check_database), _DATABASE]
ToolFolder = Annotated[
    Path,
    BeforeValidator(_parse_tool_folder),
    Wanted("内有可执行的 ffmpeg 和 ffprobe 的目录", "a folder with executable ffmpeg and ffprobe in it"),
]
Size = Annotated[ByteSize, Field(gt=0), _SIZE]
Count = Annotated[int, Field(gt=0), _COUNT]

Licence = Annotated[
    str,
    BeforeValidator(_parse_licence),
    Wanted("一行文字：批准文件或许可证的编号", "one line: the number of the approval or licence"),
]


def _check_push_url(value: object) -> str:
    """Nobody on the way reads or changes what is pushed: TLS, but for a platform on this very machine."""
    url = str(value).strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address")
    if re.search(r"[?#@\\]", url) or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("with a user, a query, or what is no address")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise ValueError("without TLS")
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_push_token(value: object) -> str:
    token = str(value).strip()
    if not re.fullmatch(r"[!-~]{1,1000}", token):
        raise ValueError("not a token")
    return token


def _check_s3_url(value: object) -> str:
    url = str(value).strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address")
    if url != f"{parts.scheme}://{parts.netloc}" or not re.fullmatch(r"[\w.:\[\]-]+", parts.netloc, re.ASCII):
        raise ValueError("with a user, a path or a query")
    return url


def _matching(pattern: str) -> BeforeValidator:
    def check(value: object) -> str:
        text = str(value).strip()
        if not re.fullmatch(pattern, text):
            raise ValueError("of another form")
        return text

    return BeforeValidator(check)


def _parse_file(value: object) -> Path:
    path = Path(str(value)).expanduser().absolute()
    if not path.is_file():
        raise ValueError("no file")
    return path


S3Url = Annotated[
    str,
    BeforeValidator(_check_s3_url),
    Wanted("https://主机:端口，不带路径和用户名", "https://host:port without path and user"),
]
BucketName = Annotated[
    str,
    _matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    Wanted("存储桶名称，3 至 63 个小写字母、数字、点或连字符", "a bucket's name: 3 to 63 of [a-z0-9.-]"),
]
Region = Annotated[
    str, _matching(r"[A-Za-z0-9-]{1,63}"), Wanted("区域名称，如 us-east-1", "a region such as us-east-1")
]
S3Key = Annotated[
    str,
    _matching(r"[!-~]{1,1000}"),
    Wanted("访问密钥，一行，不含空格", "a key, in one line without spaces"),
]
ReadableFile = Annotated[Path, BeforeValidator(_parse_file), Wanted("一个文件的路径", "the path of a file")]


def _check_holder(value: object) -> str:
    holder = str(value).strip()
    if holder not in HOLDERS:
        raise ValueError("no holder")
    return holder


RootHolder = Annotated[
    str,
    BeforeValidator(_check_holder),
    Wanted(f"{'、'.join(HOLDERS)} 之一", f"one of {', '.join(HOLDERS)}"),
]
Secret = Annotated[str, Wanted("一行文字", "a line of text")]

PushUrl = Annotated[
    str,
    BeforeValidator(_check_push_url),
    Wanted(
        "https:// 地址（平台在本机时可用 http://），不带用户名和参数",
        "an https:// address without user and query (http:// for a platform on this machine alone)",
    ),
]
PushToken = Annotated[
    str,
    BeforeValidator(_check_push_token),
    Wanted("平台发给的令牌，一行，不含空格", "the token that the platform gave you, in one line without spaces"),
]


class Settings(BaseSettings):
    """Everything that can be set, with the value it has when nothing is. Names are those of the variables."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data: Annotated[Path, BeforeValidator(_parse_data), Wanted("一个目录", "a folder")] = Field(
        default=Path("var"), validate_default=True
    )
    bind: Annotated[BindAddress, NoDecode, BeforeValidator(_parse_bind), Wanted("主机:端口", "host:port")] = (
        BindAddress("127.0.0.1", 8000)
    )
    database_url: DatabaseUrl | None = None
    database_owner_url: DatabaseUrl | None = None
    database_worker_url: DatabaseUrl | None = None
    database_sequencer_url: DatabaseUrl | None = None
    broker_url: (
        Annotated[
            str, BeforeValidator(_check_broker), Wanted("redis://… 或 amqp://…", "a redis://… or amqp://… address")
        ]
        | None
    ) = None
    tsa_urls: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_parse_tsa),
        Wanted("一个或多个 http(s):// 地址，以逗号分隔", "one or more http(s):// addresses with commas between"),
    ] = ()
    wake_socket: Path | None = None
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
    replica_folder: Annotated[Path, BeforeValidator(_parse_data), Wanted("一个目录", "a folder")] | None = None
    replica_s3_url: S3Url | None = None
    replica_s3_bucket: BucketName | None = None
    replica_s3_region: Region = "us-east-1"
    replica_s3_access_key: S3Key | None = Field(default=None, repr=False)
    replica_s3_access_key_file: ReadableFile | None = None
    replica_s3_secret_key: S3Key | None = Field(default=None, repr=False)
    replica_s3_secret_key_file: ReadableFile | None = None
    replica_s3_ca_file: ReadableFile | None = None
    replica_rate: Size = ByteSize(64 << 20)
    replica_behind_hours: Count = 24
    backup_passphrase: Secret | None = Field(default=None, repr=False)
    backup_passphrase_file: ReadableFile | None = None
    backup_days: Count | None = None
    ffmpeg_folder: ToolFolder | None = None

    http_processes: Count = 2
    custody_workers: Count = 1
    media_workers: Count = 1
    encoding_workers: Count = 1

    uploads_at_once: Count = 64
    uploads_waiting: Size = ByteSize(128 << 30)
    upload_size: Size = ByteSize(64 << 30)
    upload_deferred_size: Size = ByteSize(1 << 30)
    upload_rate: Size = ByteSize(4 << 10)
    upload_rate_seconds: Count = 60
    upload_expiry_hours: Count = 72
    upload_longest_days: Count = 30
    disk_reserve: Size = ByteSize(64 << 20)

    scrub_rate: Size = ByteSize(32 << 20)
    scrub_days: Count = 30

    station_code_hours: Count = 24
    station_silent_hours: Count = 24
    station_clock_seconds: Count = 60
    station_history_days: Count = 30
    certificate_warning_days: Count = 60

    name_patterns: Annotated[
        tuple[Any, ...],  # of NamePattern
        NoDecode,
        BeforeValidator(_parse_names),
        Wanted("文件名格式，见 docs/metadata.md", "patterns of file names, as docs/metadata.md has them"),
    ] = ()

    segment_gap_seconds: Count = 5

    state_secret_licence: Licence | None = None

    trusted_proxies: Annotated[
        tuple[Network, ...],
        NoDecode,
        BeforeValidator(_parse_networks),
        Wanted("一个或多个地址或网段，以逗号分隔", "one or more addresses or networks with commas between"),
    ] = ()
    client_certificate_header: (
        Annotated[str, BeforeValidator(_check_header_name), Wanted("请求头名称", "the name of a header")] | None
    ) = None

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
    """The settings as the environment has them now. Raises SettingInvalid for the first that is no use."""
    _refuse_misspelt(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        raise _explain(error) from error


def setting_names() -> list[str]:
    """The name of every variable."""
    return [PREFIX + name.upper() for name in Settings.model_fields]


def variable_of(name: str) -> str:
    """The variable that sets the field `name`."""
    return PREFIX + name.upper()


def is_secret(name: str) -> bool:
    """Whether the value of the field `name` may be written down nowhere."""
    return name in _NEVER_SHOWN or variable_of(name) in _SECRET


def child_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process of ours: this one's without database addresses, and with `additions`."""
    return {**{name: value for name, value in os.environ.items() if name not in _SECRET}, **additions}


def _explain(error: ValidationError) -> SettingInvalid:
    first = error.errors()[0]
    name = str(first["loc"][0])
    wanted = next((item for item in _metadata(name) if isinstance(item, Wanted)), Wanted(first["msg"], first["msg"]))
    chinese, english = wanted.chinese, wanted.english
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, PatternRefused):
        chinese, english = f"{chinese}（{cause}）", f"{english} ({cause})"
    shown = "…" if name in _NEVER_SHOWN else _without_password(str(first["input"]))
    return SettingInvalid(PREFIX + name.upper(), shown, chinese, english)


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
