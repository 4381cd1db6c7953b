"""What a setting's value has to be, and what to write into it: for the message about one that is no use."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ByteSize, Field, TypeAdapter, ValidationError

from ingest.metadata.file_name import NamePattern
from ingest.metadata.own_names import read_patterns
from storage.node_names import is_node_name
from storage.roots.names import HOLDERS

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


def read_size(text: str) -> int | None:
    """Bytes, of `64MiB` or `1048576`; None for what is no size."""
    try:
        return int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        return None


def parse_bind(value: object) -> BindAddress:
    return value if isinstance(value, BindAddress) else BindAddress.parse(str(value))


def parse_data(value: object) -> Path:
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


def check_broker(value: object) -> str:
    if urlsplit(str(value)).scheme not in ("redis", "rediss", "redis+socket", "amqp", "amqps"):
        raise ValueError("not a broker URL")
    return str(value)


def parse_tsa(value: object) -> tuple[str, ...]:
    urls = tuple(value) if isinstance(value, tuple | list) else tuple(re.split(r"[\s,]+", str(value).strip()))
    if any(urlsplit(url).scheme not in ("http", "https", "unix") for url in urls):
        raise ValueError("not a URL")
    return urls


def parse_networks(value: object) -> tuple[Network, ...]:
    words = value if isinstance(value, tuple | list) else re.split(r"[\s,]+", str(value).strip())
    return tuple(ipaddress.ip_network(str(word)) for word in words)


def _check_node(value: object) -> str:
    name = str(value).strip()
    if name and not is_node_name(name):
        raise ValueError("no name of a node")
    return name


def parse_nodes(value: object) -> tuple[str, ...]:
    """Each once, in the order they are given in."""
    words = value if isinstance(value, tuple | list) else re.split(r"[\s,]+", str(value).strip())
    names = tuple(dict.fromkeys(str(word) for word in words if word))
    if not all(is_node_name(name) for name in names):
        raise ValueError("not the names of nodes")
    return names


def parse_codes(value: object) -> tuple[str, ...]:
    """Codes of retention classes, each once."""
    words = value if isinstance(value, tuple | list) else re.split(r"[\s,]+", str(value).strip())
    codes = tuple(dict.fromkeys(str(word) for word in words if word))
    if not all(re.fullmatch(r"[a-z0-9_-]{1,64}", code) for code in codes):
        raise ValueError("not codes of retention classes")
    return codes


def parse_names(value: object) -> tuple[NamePattern, ...]:
    return value if isinstance(value, tuple) else read_patterns(str(value).strip())


def check_header_name(value: object) -> str:
    name = str(value).strip().lower()
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError("not a header's name")
    return name


_MOST_BYTES = (1 << 63) - 1
_MOST = (1 << 31) - 1
"""As far as the database counts, bytes and others."""
_MOST_DAYS = 36_500
"""So far from now every calendar still has its days."""
_MOST_HOURS = 24 * _MOST_DAYS
_MOST_SECONDS = 3600 * _MOST_HOURS


def _from_one_to(most: int) -> Wanted:
    return Wanted(f"1 至 {most} 的整数", f"a whole number from 1 to {most}")


_SIZE = Wanted("大小，如 16GiB，小于 8EiB", "a size such as 16GiB, less than 8EiB")
_DATABASE = Wanted("postgresql://角色:口令@主机/库", "postgresql://role:password@host/database")
DatabaseUrl = Annotated[str, BeforeValidator(_check_database), _DATABASE]
ToolFolder = Annotated[
    Path,
    BeforeValidator(_parse_tool_folder),
    Wanted("内有可执行的 ffmpeg 和 ffprobe 的目录", "a folder with executable ffmpeg and ffprobe in it"),
]
Size = Annotated[ByteSize, Field(gt=0, le=_MOST_BYTES), _SIZE]
Count = Annotated[int, Field(gt=0, le=_MOST), _from_one_to(_MOST)]
Days = Annotated[int, Field(gt=0, le=_MOST_DAYS), _from_one_to(_MOST_DAYS)]
Hours = Annotated[int, Field(gt=0, le=_MOST_HOURS), _from_one_to(_MOST_HOURS)]
Seconds = Annotated[int, Field(gt=0, le=_MOST_SECONDS), _from_one_to(_MOST_SECONDS)]

NodeName = Annotated[
    str,
    BeforeValidator(_check_node),
    Wanted(
        "采集节点名称：至多 31 个小写字母、数字或连字符，以字母或数字开头",
        "a node's name: up to 31 of [a-z0-9-], with a letter or digit first",
    ),
]
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


def check_otel_url(value: object) -> str:
    """Raises ValueError. Nothing that goes there is secret, so it may be plain http within a closed network."""
    url = str(value).strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address")
    if re.search(r"[?#@\\]", url) or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("with a user, a query, or what is no address")
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
OtelUrl = Annotated[
    str,
    BeforeValidator(check_otel_url),
    Wanted(
        "http(s)://主机:端口，不带用户名和参数，可带路径",
        "http(s)://host:port, with a path or none, without user or query",
    ),
]
PushToken = Annotated[
    str,
    BeforeValidator(_check_push_token),
    Wanted("平台发给的令牌，一行，不含空格", "the token that the platform gave you, in one line without spaces"),
]
