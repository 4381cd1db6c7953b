"""What `liuhen keys rotate signing` does, and what `liuhen keys status` tells of signing keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.archive import Archive
from api.errors import KeysUnusable, UsageRefused
from api.keyring import Keyring
from api.root_access import telling_keys
from api.succeeding import SUCCEEDED, is_broken_off, succeed_key, telling_signing_keys
from storage.catalog.ledger import KEY_PURPOSES

Facts = dict[str, Any]
PURPOSE_WORDS: Final[Mapping[str, str]] = {
    "manifest": "封存清单 / manifests",
    "receipt": "回执 / receipts",
    "package": "证据包与备份 / packages and backups",
    "review": "法制审核意见 / review opinions",
    "ledger": "账本检查点 / checkpoints of the ledger",
}
_FOLLOWED = (
    "    已交出的信任文件夹继续有效：核验时依账本接续 / trust folders that were handed out stay good: from them "
    "verifiers go on by the ledger",
)
_AFTERWARDS: Final[Mapping[str, tuple[str, ...]]] = {
    "manifest": _FOLLOWED,
    "package": _FOLLOWED,
    "receipt": (
        "    工作站凭原密钥的签名接受新密钥，无需重新登记 / "
        "stations take it on the former key's word: none is to be enrolled anew",
        "    工作站程序须为本版本或更新版本 / their agents have to be of this release or a later one",
        "    请将新的信任文件夹交给核验回执的人 / hand a new trust folder to whoever verifies receipts: "
        "liuhen admin trust DIR",
    ),
    "review": (),
}


def change_signing_key(archive: Archive, purpose: str) -> Facts:
    """Raises UsageRefused, KeysUnusable; then the former key goes on, and a repeat too."""
    if purpose not in SUCCEEDED:
        raise UsageRefused(
            f"不能更换 {purpose} 的签名密钥，可选：{'、'.join(SUCCEEDED)}",
            f"there is no changing the key of {purpose}: take one of {', '.join(SUCCEEDED)}",
        )
    with telling_keys():
        done = succeed_key(archive.database, archive.keyring, purpose)
    return {
        "purpose": done.purpose,
        "epoch": done.epoch,
        "key_id": done.key_id,
        "former": done.former_id,
        "begun": done.begun,
    }


def signing_lines(facts: Facts, *, running: bool) -> Iterator[str]:
    if not facts["begun"]:
        yield "上次中断的更换已完成 / the change that broke off is done"
    yield f"签名密钥 / signing key {facts['key_id']}"
    yield f"    {PURPOSE_WORDS[facts['purpose']]}，第 {facts['epoch']} 期 / epoch {facts['epoch']}"
    yield f"    原密钥的私钥已销毁 / the former private key is destroyed: {facts['former']}"
    yield "    它签过的依然有效 / what it signed holds"
    yield from _AFTERWARDS[facts["purpose"]]
    if running:
        yield "运行中的进程已自行换用，无需重启 / running processes go on with it by themselves"


def signing_status(keyring: Keyring) -> list[Facts]:
    """Of each key that signs; `problem` where it cannot."""
    return [_status_of(keyring, purpose) for purpose in KEY_PURPOSES]


def _status_of(keyring: Keyring, purpose: str) -> Facts:
    facts: Facts = {"purpose": purpose, "epoch": None, "key_id": None, "broken_off": False, "problem": None}
    try:
        with telling_signing_keys():
            signer = keyring.signer(purpose)
            return {
                **facts,
                "epoch": signer.epoch,
                "key_id": signer.key.key_id,
                "broken_off": is_broken_off(keyring, purpose),
            }
    except KeysUnusable as error:
        return {**facts, "problem": {"zh-CN": error.chinese, "en": error.english}}


def signing_status_lines(signing: list[Facts]) -> Iterator[str]:
    for each in signing:
        if each["problem"] is not None:
            yield f"签名密钥 / signing key  {PURPOSE_WORDS[each['purpose']]}"
            yield f"    {each['problem']['zh-CN']} / {each['problem']['en']}"
            continue
        epoch = f"第 {each['epoch']} 期 / epoch {each['epoch']}"
        yield f"签名密钥 / signing key {each['key_id'][:16]}…  {epoch}  {PURPOSE_WORDS[each['purpose']]}"
        if each["broken_off"]:
            again = f"liuhen keys rotate signing {each['purpose']}"
            yield "    更换中断，下次启动时自行完成 / its change broke off, the next start brings it to its end"
            yield f"    也可再次执行 / or run it again: {again}"
