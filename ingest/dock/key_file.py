"""The station's key file: its private key, and whose receipts it believes. One JSON object, for its owner's eyes alone.

Every change is a whole new file under the old name, durable before anything relies on it. `next_key` is there while a
key is being replaced: it is on this disk before the archive hears of it, so a lost answer loses nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingest.dock.credential import StationKey
from ingest.dock.errors import KeyUnusable
from ingest.dock.words import Words, reason_of, reason_of_evidence
from integrity.durable_files import PRIVATE, replace_durably
from integrity.errors import EvidenceError
from integrity.keys import SigningKey, read_secret_file

_FORMAT = "liuhen-station-key/1"
_NO_KEY_FILE = Words(
    "is no station key file; make one with: liuhen dock enrol", "不是工作站密钥文件；请用 liuhen dock enrol 生成"
)
_NOT_ENROLLED = Words(
    "is not enrolled yet; run liuhen dock enrol with a code of the administrator's, and with this same file",
    "尚未登记；请向管理员取得一次性代码，再以这同一个文件运行 liuhen dock enrol",
)
_DAMAGED = "内容已损坏；请从备份恢复，或以另一个文件名重新登记"


@dataclass(frozen=True, slots=True)
class StationKeyFile:
    """`station_id` is empty until the archive has enrolled the key. Ids and keys of the archive as it said them."""

    url: str
    key: SigningKey = field(repr=False)
    station_id: str = ""
    name: str = ""
    receipt_key: str = ""
    ledger_vkey: str = ""
    next_key: SigningKey | None = field(default=None, repr=False)

    @property
    def is_enrolled(self) -> bool:
        return bool(self.station_id)

    def credential(self, key: SigningKey | None = None) -> StationKey:
        """What requests are signed with: the file's key, unless another one is named."""
        return StationKey(key or self.key, self.station_id, self.receipt_key, self.ledger_vkey)


def read_key_file(path: Path) -> StationKeyFile:
    """Raises KeyUnusable when it is missing, open to others, or no such file."""
    try:
        document = json.loads(read_secret_file(path))
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise KeyUnusable(path, _NO_KEY_FILE)
        following = document.get("next_private_key")
        return StationKeyFile(
            url=str(document["url"]),
            key=_read_key(document["private_key"]),
            station_id=str(document.get("station_id", "")),
            name=str(document.get("name", "")),
            receipt_key=str(document.get("receipt_key", "")),
            ledger_vkey=str(document.get("ledger_vkey", "")),
            next_key=_read_key(following) if following else None,
        )
    except EvidenceError as error:
        raise KeyUnusable(path, reason_of_evidence(error)) from error
    except (ValueError, KeyError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(path, Words(f"is damaged: {error}", _DAMAGED)) from error


def read_enrolled_key(path: Path) -> StationKeyFile:
    """As `read_key_file`, of a key that the archive knows."""
    held = read_key_file(path)
    if not held.is_enrolled:
        raise KeyUnusable(path, _NOT_ENROLLED)
    return held


def write_key_file(path: Path, held: StationKeyFile) -> None:
    """Put `held` where the file is, or is to be; durable on return. Raises KeyUnusable."""
    document = {
        "format": _FORMAT,
        "url": held.url,
        "station_id": held.station_id,
        "name": held.name,
        "key_id": held.key.key_id,
        "private_key": held.key.private_pem().decode(),
        "next_private_key": held.next_key.private_pem().decode() if held.next_key else None,
        "receipt_key": held.receipt_key,
        "ledger_vkey": held.ledger_vkey,
    }
    try:
        replace_durably(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(), PRIVATE)
    except OSError as error:
        raise KeyUnusable(path, _why_not_written(path, error)) from error


def _why_not_written(path: Path, error: OSError) -> Words:
    """The file is to be made here: what is missing is its folder, or the right to write there."""
    folder, reason = path.absolute().parent, reason_of(error)
    if isinstance(error, FileNotFoundError):
        return Words(
            f"its folder {folder} is not there; make it first: mkdir -p {folder}",
            f"它所在的文件夹 {folder} 不存在；请先建立：mkdir -p {folder}",
        )
    if isinstance(error, PermissionError):
        return Words(
            f"cannot write to its folder {folder} ({reason.en}); run this as the user whom the folder belongs to, or "
            "name another place",
            f"不能写入它所在的文件夹 {folder}（{reason.zh}）；请以该文件夹所属用户的身份运行，或另选位置",
        )
    return Words(f"cannot be written: {reason.en}", f"无法写入：{reason.zh}")


def _read_key(pem: str) -> SigningKey:
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("the private key is not an Ed25519 one")
    return SigningKey(private)
