"""What `liuhen keys strike` does and says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.archive import Archive
from api.cli.keys_signing import PURPOSE_WORDS
from api.errors import UsageRefused
from api.root_access import telling_keys
from api.striking import strike_epochs
from integrity.hidden_signs import escaped
from storage.catalog.ledger import KEY_PURPOSES
from storage.database import Database

Facts = dict[str, Any]


def strike(archive: Archive, purpose: str, *, stolen: bool) -> Facts:
    """Raises UsageRefused, KeysUnusable; then nothing was changed."""
    if purpose not in KEY_PURPOSES:
        raise UsageRefused(
            f"没有名为 {purpose} 的签名密钥，可选：{'、'.join(KEY_PURPOSES)}",
            f"no key signs {purpose}: take one of {', '.join(KEY_PURPOSES)}",
        )
    owner = Database(str(archive.settings.database_owner_url), pool_size=1)
    try:
        with telling_keys():
            struck = strike_epochs(owner, archive.keyring, purpose, stolen=stolen)
    finally:
        owner.close()
    return {
        "purpose": purpose,
        "struck": [
            {"epoch": each.epoch, "key_id": each.key_id, "entry_id": str(each.entry_id), "signed": each.signed}
            for each in struck
        ],
    }


def struck_lines(facts: Facts) -> Iterator[str]:
    words = PURPOSE_WORDS[facts["purpose"]]
    if not facts["struck"]:
        yield f"没有密钥目录不认得的期次，未作任何更改 / the key folder knows every epoch, nothing was changed: {words}"
        return
    for each in facts["struck"]:
        yield f"已作废第 {each['epoch']} 期 / epoch {each['epoch']} is struck out: {words}  {escaped(each['key_id'])}"
    yield "    账本中载有作废条目，签名随即恢复 / the ledger says so, and signing goes on"
    yield (
        "    有人以应用程序的口令写入了数据库：请查明，并更换口令 / "
        "somebody wrote to the database with the application's password: find out who, and change it"
    )
    if any(each["signed"] for each in facts["struck"]):
        yield (
            f"    原私钥已外泄，请立即更换 / somebody has the former private key, so change it at once: "
            f"liuhen keys rotate signing {facts['purpose']}"
        )
    yield "    然后核验 / then: liuhen verify"
