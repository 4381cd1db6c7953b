"""The station token: a secret, and the fingerprint of the key that signs this archive's receipts.

`lhs1.<secret>.<pin>`, each part 43 characters of base64url without padding, 32 bytes. The pin is the SHA-256 of the
receipt key's SPKI DER. Both travel together at enrolment, so a station that can upload can also tell a true receipt
from a forged one, whoever answers at the archive's address later.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingest.dock.errors import TokenUnusable
from ingest.dock.words import Words, reason_of
from ingest.stations.credential import PresentedCredential

_TOKEN = re.compile(r"lhs1\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})")
_MAX_FILE_BYTES = 64 * 1024
_NO_TOKEN = Words("holds no token of the form lhs1.SECRET.PIN", "其中没有 lhs1. 开头的完整凭证")


@dataclass(frozen=True, slots=True)
class StationToken:
    """What the station sends, and what it believes. `station_id` is empty when the file does not say."""

    text: str = field(repr=False)
    pinned_key_id: str
    station_id: str = ""
    ledger_vkey: str = ""
    binds_bodies: bool = False

    @property
    def credential_id(self) -> str:
        """Tells two credentials apart in the agent's notes without keeping the secret there."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def prove(self, request: PresentedCredential, now: datetime) -> Mapping[str, str]:
        """The same header for every request."""
        return {"Authorization": f"Bearer {self.text}"}


def read_station_token(path: Path) -> StationToken:
    """The token in `path`: bare, or the JSON that `liuhen admin station enrol --json` prints.

    Raises TokenUnusable, also for a file of ours that others may read.
    """
    text, station_id = _read_fields(path)
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise TokenUnusable(path, _NO_TOKEN)
    try:
        pin = base64.urlsafe_b64decode(match.group(2) + "=")
    except ValueError as error:
        raise TokenUnusable(path, _NO_TOKEN) from error
    return StationToken(text, pin.hex(), station_id)


def _read_fields(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as file:
            _require_own(path, os.fstat(file.fileno()))
            text = file.read(_MAX_FILE_BYTES).decode("utf-8-sig").strip()
    except OSError as error:
        raise TokenUnusable(path, reason_of(error)) from error
    except UnicodeDecodeError as error:
        raise TokenUnusable(path, Words("is not text", "内容不是文本")) from error
    if not text.startswith("{"):
        return text, ""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise TokenUnusable(path, Words("begins like JSON and is not", "内容不是完整的 JSON")) from error
    return str(document.get("token", "")), str(document.get("station_id", ""))


def _require_own(path: Path, status: os.stat_result) -> None:
    """As ssh does with keys: one's own file is for nobody else to read. What another owns, as where a service is handed
    its credential, is his to look after. Raises TokenUnusable."""
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == os.geteuid() and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TokenUnusable(
            path,
            Words(
                f"mode {mode:04o} lets others read the station's token; run: chmod 600 {path}, and replace the token",
                f"权限 {mode:04o} 过宽，他人可以读取；请执行 chmod 600 {path}，并更换凭证",
            ),
        )
