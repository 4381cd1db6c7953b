"""Upload-Metadata (tus 1.0, creation): what the station says about a file. All of it is claim, none of it authority.

The header itself is kept to the byte and given back by HEAD. Values are meant to be UTF-8, yet older workstation
software writes GBK: such a value is read as GB 18030, and what is neither becomes replacement characters in the
claim, while the header still holds the bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.uploads.errors import RequestMalformed
from integrity.hidden_signs import without_hidden

MAX_HEADER_BYTES = 8192
MAX_PAIRS = 32
MAX_KEY_BYTES = 64
MAX_FILENAME_CHARACTERS = 1024
MAX_GROUP_CHARACTERS = 64
KNOWN_KEYS = ("filename", "device", "officer", "started_at", "sha256", "marked", "act", "group")

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class UploadClaims:
    """`header` is Upload-Metadata as it was sent; `sha256` is lower-case hex; `others` are keys we do not know.

    `marked` is "1" when the recorder marked the file as evidence; `act` a code of the act; `group` an opaque name that
    the files of one recorder share (docs/docking.md).
    """

    header: str = ""
    filename: str = ""
    device: str | None = None
    officer: str | None = None
    started_at: str | None = None
    sha256: str | None = None
    marked: str | None = None
    act: str | None = None
    group: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The shape of `upload.claims`: known keys as strings where claimed, `others`, and the `header`."""
        known = {key: getattr(self, key) for key in KNOWN_KEYS if getattr(self, key) is not None}
        return {**known, "others": dict(self.others), "header": self.header}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> UploadClaims:
        return cls(**{key: stored[key] for key in (*KNOWN_KEYS, "others", "header") if key in stored})


def parse_metadata(header: str) -> UploadClaims:
    """Read the header. Raises RequestMalformed; no key is required, not even `filename`."""
    if len(header) > MAX_HEADER_BYTES:
        raise _malformed(f"超过 {MAX_HEADER_BYTES} 字节", f"longer than {MAX_HEADER_BYTES} bytes")
    values = _decode_pairs(header) if header.strip() else {}
    sha256 = values.get("sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise _malformed("sha256 应为 64 位十六进制数", "sha256 must be 64 hexadecimal digits")
    return UploadClaims(
        header=header,
        filename=values.get("filename", "")[:MAX_FILENAME_CHARACTERS],
        device=values.get("device"),
        officer=values.get("officer"),
        started_at=values.get("started_at"),
        sha256=sha256.lower() if sha256 else None,
        marked="1" if values.get("marked") == "1" else None,
        act=values.get("act"),
        group=(values.get("group") or "")[:MAX_GROUP_CHARACTERS] or None,
        others={key: value for key, value in values.items() if key not in KNOWN_KEYS},
    )


def _decode_pairs(header: str) -> dict[str, str]:
    pairs = header.split(",")
    if len(pairs) > MAX_PAIRS:
        raise _malformed(f"超过 {MAX_PAIRS} 个键", f"more than {MAX_PAIRS} keys")
    values: dict[str, str] = {}
    for pair in pairs:
        key, _, encoded = pair.strip().partition(" ")
        if not key or len(key) > MAX_KEY_BYTES or not (key.isascii() and key.isprintable()):
            raise _malformed(
                f"键应为 1 至 {MAX_KEY_BYTES} 个可打印的 ASCII 字符",
                f"a key must be 1 to {MAX_KEY_BYTES} printable ASCII characters",
            )
        if key in values:
            raise _malformed(f"键“{key}”出现两次", f"the key {key!r} comes twice")
        values[key] = _decode_value(key, encoded.strip())
    return values


def _decode_value(key: str, encoded: str) -> str:
    try:
        value = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(f"键“{key}”的值不是 Base64", f"the value of {key!r} is not Base64") from error
    return without_hidden(_read_text(value))


def _read_text(value: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode("utf-8", "replace")


def _malformed(reason_zh: str, reason: str) -> RequestMalformed:
    return RequestMalformed("Upload-Metadata", reason_zh, reason)
