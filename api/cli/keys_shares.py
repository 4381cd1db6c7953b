"""What `liuhen keys split` prints and `liuhen keys recover` reads. Shares are on no disk of ours, in no log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.cli.admin_archive import OpenedArchive
from api.cli.keys_rotation import KEYS, announcing, named_holder, require_given_to_running, rotation_facts
from api.errors import UsageRefused
from api.root_access import root_access, telling_keys
from integrity.fields import format_instant
from storage.keystore import KeyStore
from storage.ledger.append import Change, record_change
from storage.roots.by_shares import make_shares, recover_root
from storage.roots.records import current_id
from storage.roots.recovery import RecoveryKey
from storage.roots.shares import LEAST_THRESHOLD, MOST_SHARES, Share, read_shares

Facts = dict[str, Any]
_LIMIT_CHARACTERS = 1 << 20


def split(opened: OpenedArchive, count: int, threshold: int, *, as_json: bool) -> Facts:
    """Print the shares, each on a page of its own. Raises UsageRefused, KeysUnusable."""
    if not LEAST_THRESHOLD <= threshold <= count <= MOST_SHARES:
        raise UsageRefused(
            f"份数须为 {LEAST_THRESHOLD} 至 {MOST_SHARES}，恢复所需份数至少 {LEAST_THRESHOLD}、不超过总份数",
            f"make {LEAST_THRESHOLD} to {MOST_SHARES} shares, of which {LEAST_THRESHOLD} or more, up to all, suffice",
        )
    archive = opened.archive
    printed: list[str] = []

    def hand_out(key: RecoveryKey, shares: tuple[Share, ...]) -> None:
        data = {"threshold": key.threshold, "shares": key.shares}
        with archive.database.transaction() as session:
            record_change(session, KEYS, Change("key.shares_made", "key", key.recovery_id, None, data))
        if as_json:
            printed.extend(each.text() for each in shares)
            return
        for each in shares:
            print("\n".join(page_of(each, key, archive.keyring.origin)), end="\n\f\n")
        sys.stdout.flush()

    with telling_keys():
        keys = KeyStore(archive.keyring.key_store_folder, root_access(archive.settings))
        key = make_shares(keys, threshold, count, hand_out)
    facts = {"recovery_id": key.recovery_id, "threshold": key.threshold, "shares": key.shares}
    return {**facts, "made_at": format_instant(key.made_at), **({"texts": printed} if as_json else {})}


def page_of(share: Share, key: RecoveryKey, origin: str) -> Iterator[str]:
    """One share as it is printed, for one keeper."""
    yield f"留痕 恢复份额 / Liuhen recovery share    {share.number} / {key.shares}"
    yield ""
    yield f"档案 / archive            {origin}"
    yield f"恢复密钥 / recovery key    {share.recovery_id}    {format_instant(key.made_at)}"
    yield f"任 {key.threshold} 份可恢复密钥库 / any {key.threshold} bring the key store back"
    yield ""
    yield share.text()
    yield ""
    yield "由一人单独保管，勿与他人的份额同放，勿拍照、勿存入电脑。"
    yield "One keeper alone; never beside another share, in a photograph or a computer."
    yield "根密钥遗失时 / once the root key is lost: liuhen keys recover"


def recover(opened: OpenedArchive, file: Path | None, to: str | None) -> Facts:
    """Raises UsageRefused for shares that do not do, and which; KeysUnusable."""
    archive, holder = opened.archive, named_holder(to or opened.archive.settings.root_holder)
    if opened.running:
        require_given_to_running(archive.settings.data, holder or "passphrase")
    folder = archive.keyring.key_store_folder
    with telling_keys():
        shares = read_shares(_entered(file))
        keys = KeyStore(folder, root_access(archive.settings), opened=False)
        done = recover_root(keys, shares, holder, announcing(archive, current_id(folder), by_shares=len(shares)))
    return rotation_facts(done)


def _entered(file: Path | None) -> str:
    if file is None:
        if sys.stdin.isatty():
            print(
                "请逐份输入恢复份额（每份两行，其间空一行），最后按 Ctrl-D / "
                "enter the shares, two lines each with an empty line between, then Ctrl-D:",
                file=sys.stderr,
                flush=True,
            )
        return sys.stdin.read(_LIMIT_CHARACTERS)
    try:
        return file.read_text("utf-8", "replace")[:_LIMIT_CHARACTERS]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageRefused(f"无法读取 {file}（{reason}）", f"{file} cannot be read ({reason})") from error
