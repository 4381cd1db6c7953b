"""What `liuhen keys status` tells. It asks the key folder alone: neither database nor server has to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from api.cli.admin_archive import require_archive
from api.cli.keys_signing import signing_status, signing_status_lines
from api.keyring import open_keyring
from api.root_access import chinese_of, root_access
from api.settings import load_settings
from integrity.fields import format_instant
from storage.kek_record import KekRecord
from storage.key_errors import KeyStoreError
from storage.keystore import KeyStore
from storage.roots import records
from storage.roots.by_shares import keys_without_copy
from storage.roots.recovery import find_recovery_key
from storage.roots.rotation import kek_records

Facts = dict[str, Any]
HOLDER_WORDS = {
    "file": "明文文件 / plain file",
    "passphrase": "口令加密的文件 / file sealed with a passphrase",
    "pkcs11": "PKCS#11 设备 / PKCS#11 token",
    "environment": "环境变量或密钥文件 / environment",
}
_STATES = {
    True: "更换中，尚未换完 / being replaced",
    False: "已不用，尚未销毁 / not used any more, not destroyed yet",
}


def read_status() -> Facts:
    """Facts of the key folder of LIUHEN_DATA. Raises ArchiveMissing, and SettingInvalid."""
    settings = load_settings()
    require_archive(settings)
    keyring = open_keyring(settings)
    keys = KeyStore(keyring.key_store_folder, root_access(settings), opened=False)
    signing = signing_status(keyring)
    try:
        facts = _facts(keys)
    except KeyStoreError as error:
        problem = {"zh-CN": chinese_of(error), "en": str(error)}
        return {"usable": False, "problem": problem, "roots": [], "keys": 0, "recovery": None, "signing": signing}
    usable = facts["usable"] and all(each["problem"] is None for each in signing)
    return {**facts, "usable": usable, "signing": signing}


def status_lines(facts: Facts) -> Iterator[str]:
    for root in facts["roots"]:
        state = "在用 / current" if root["current"] else _STATES[root["keys"] > 0]
        yield f"根密钥 / root key {root['root_id']}  {state}  {HOLDER_WORDS[root['holder']]}"
        yield f"    制作于 / made {root['made_at']}，其下密钥 / keys under it: {root['keys']}"
    yield from _recovery_lines(facts["recovery"])
    yield from signing_status_lines(facts["signing"])
    if facts["problem"] is not None:
        yield f"{facts['problem']['zh-CN']} / {facts['problem']['en']}"
    else:
        yield "可以打开 / it opens"


def _recovery_lines(recovery: Facts | None) -> Iterator[str]:
    if recovery is None:
        yield "没有恢复份额，根密钥遗失即失去全部录像 / no shares: a lost root key loses all (liuhen keys split)"
        return
    yield (
        f"恢复份额 / shares {recovery['recovery_id']}  {recovery['shares']} 份中任 {recovery['threshold']} 份 / "
        f"any {recovery['threshold']} of {recovery['shares']}  {recovery['made_at']}"
    )
    if recovery["keys_without"]:
        yield (
            f"    尚未为份额备份的密钥 / keys without a copy for them: {recovery['keys_without']}；"
            "下次 liuhen up 时补上 / the next `liuhen up` makes it"
        )


def _facts(keys: KeyStore) -> Facts:
    current = records.current_id(keys.folder)
    files = list(kek_records(keys))
    count = Counter(each.root_id for each in files)
    roots = [
        {
            "root_id": each.root_id,
            "holder": each.holder,
            "made_at": format_instant(each.made_at),
            "current": each.root_id == current,
            "keys": count[each.root_id],
        }
        for each in records.list_records(keys.folder)
    ]
    problem = _problem(keys, count)
    facts = {"usable": problem is None, "problem": problem, "roots": roots, "keys": len(files)}
    return {**facts, "recovery": _recovery(keys, files)}


def _recovery(keys: KeyStore, files: Sequence[KekRecord]) -> Facts | None:
    key = find_recovery_key(keys.folder)
    if key is None:
        return None
    facts = {"recovery_id": key.recovery_id, "shares": key.shares, "threshold": key.threshold}
    return {**facts, "made_at": format_instant(key.made_at), "keys_without": len(keys_without_copy(files, key))}


def _problem(keys: KeyStore, named: Iterable[str]) -> dict[str, str] | None:
    """Of any root that a key names: while one takes another's place, both have to open."""
    try:
        keys.require_usable()
        for root_id in named:
            keys.roots.named(root_id)
    except KeyStoreError as error:
        return {"zh-CN": chinese_of(error), "en": str(error)}
    return None
