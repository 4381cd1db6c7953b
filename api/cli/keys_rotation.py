"""What `liuhen keys rotate` does. Each change has its entry in the ledger before anything hangs on it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.archive import Archive
from api.cli.admin_archive import OpenedArchive, remark
from api.cli.keys_status import HOLDER_WORDS
from api.engines.lock import read_holder
from api.errors import UsageRefused
from api.root_access import root_access, telling_keys
from integrity.fields import format_instant
from storage.keystore import KeyStore
from storage.ledger.append import Actor, Change, record_change
from storage.roots.names import HOLDERS
from storage.roots.records import RootRecord, current_holder, current_id
from storage.roots.rotation import Announce, Rotation
from storage.roots.rotation import rotate_root as rotate

Facts = dict[str, Any]
KEYS = Actor.system("keys")
_OPENED_BY: Mapping[str, tuple[str, ...]] = {
    "file": (),
    "passphrase": ("LIUHEN_ROOT_PASSPHRASE", "LIUHEN_ROOT_PASSPHRASE_FILE"),
    "pkcs11": ("LIUHEN_PKCS11_MODULE", "LIUHEN_PKCS11_PIN", "LIUHEN_PKCS11_PIN_FILE"),
    "environment": ("LIUHEN_ROOT_KEY", "LIUHEN_ROOT_KEY_FILE"),
}


def change_root(opened: OpenedArchive, to: str | None) -> Facts:
    """Raises KeysUnusable, UsageRefused; then the former root goes on, and a repeat too."""
    archive, holder = opened.archive, named_holder(to or opened.archive.settings.root_holder)
    folder = archive.keyring.key_store_folder
    with telling_keys():
        keys = KeyStore(folder, root_access(archive.settings))
        if opened.running:
            require_given_to_running(archive.settings.data, holder or current_holder(folder))
        return rotation_facts(rotate(keys, holder, announcing(archive, current_id(folder))))


def named_holder(word: str | None) -> str | None:
    if word is not None and word not in HOLDERS:
        raise UsageRefused(
            f"没有名为 {word} 的保管方式，可选：{'、'.join(HOLDERS)}",
            f"there is no holder {word}: take one of {', '.join(HOLDERS)}",
        )
    return word


def require_given_to_running(data: Path, holder: str) -> None:
    """Refuse what the running archive could not open: its environment is that of its start, and stays so.

    What stands in a secret's file it reads anew. Raises UsageRefused.
    """
    of_run = _environment_of_run(data)
    if of_run is None:
        remark(
            "无法得知运行中进程的设置；请确认它们已有同样的 LIUHEN_ROOT_ 设置 / "
            "the running processes' settings cannot be seen: make sure that they have the same LIUHEN_ROOT_ settings"
        )
        return
    for name in _OPENED_BY[holder]:
        if of_run.get(name, "") != os.environ.get(name, ""):
            raise UsageRefused(
                f"运行中的档案系统启动时的 {name} 与此处不同，无法打开新的根密钥；请先以此设置重新启动，再更换",
                f"the running archive was started with another {name} than this command, and could not open the new "
                "root key: start it again with this one first",
            )


def _environment_of_run(data: Path) -> Mapping[str, str] | None:
    """None where it is another machine's, or another user's."""
    holder = read_holder(data)
    try:
        content = Path(f"/proc/{0 if holder is None else holder.pid}/environ").read_bytes()
    except OSError:
        return None
    lines = (os.fsdecode(each).partition("=") for each in content.split(b"\0"))
    return {name: value for name, _, value in lines}


def announcing(archive: Archive, former: str, **more: object) -> Announce:
    """Enters a new root into the ledger, before any key is wrapped under it."""

    def announce(record: RootRecord) -> None:
        data = {"holder": record.holder, "former": former, **more}
        with archive.database.transaction() as session:
            record_change(session, KEYS, Change("key.root_changed", "key", record.root_id, None, data))

    return announce


def rotation_facts(done: Rotation) -> Facts:
    return {
        "root_id": done.present.root_id,
        "holder": done.present.holder,
        "made_at": format_instant(done.present.made_at),
        "begun": done.begun,
        "rewrapped": done.rewrapped,
        "left": list(done.left),
        "former": [{"root_id": each.root_id, "holder": each.holder} for each in done.former],
    }


def rotation_lines(facts: Facts, *, running: bool) -> Iterator[str]:
    if not facts["begun"]:
        yield "上次中断的更换已完成 / the change that broke off is done"
    yield f"根密钥 / root key {facts['root_id']}  {HOLDER_WORDS[facts['holder']]}"
    yield f"    重新加密的密钥 / keys wrapped anew: {facts['rewrapped']}；录像未改写 / no footage was rewritten"
    for each in facts["former"]:
        yield f"    原根密钥已销毁 / the former root key is destroyed: {each['root_id']}"
        if each["holder"] != facts["holder"] or each["holder"] in ("passphrase", "environment"):
            yield from _what_is_left(each["holder"])
    if facts["left"]:
        yield f"    无法打开、原样保留的密钥 / keys that do not open, left as they were: {len(facts['left'])}"
        yield from (f"        {kek_id}" for kek_id in facts["left"])
    if running:
        yield "运行中的进程已自行换用，无需重启 / running processes go on with it by themselves"


def _what_is_left(holder: str) -> Iterator[str]:
    match holder:
        case "passphrase":
            yield "    请从口令文件中删去旧口令（如有） / take an old passphrase out of its file, if there was one"
        case "environment":
            yield "    请删去 LIUHEN_ROOT_KEY 中的旧密钥 / take the old key out of LIUHEN_ROOT_KEY"
