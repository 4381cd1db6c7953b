"""What `liuhen keys rotate kek` does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from api.archive import Archive
from api.cli.admin_people import find_unit
from api.errors import UsageRefused
from api.root_access import telling_keys
from retention.key_renewal import renew_key
from storage.catalog.recordings import CustodyAttempt

Facts = dict[str, Any]


def renew(archive: Archive, code: str, month: str) -> Facts:
    """Raises UsageRefused, KeysUnusable; then nothing is lost, and a repeat goes on."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])|permanent", month):
        raise UsageRefused(
            f"{month} 不是销毁月份；请写作 2027-05，或 permanent",
            f"{month} is no month of disposal: write 2027-05, or permanent",
        )
    with archive.database.reading() as session:
        unit_id = find_unit(session, code).id
    with telling_keys():
        if not any(each.startswith(f"{unit_id}.{month}.") for each in archive.key_store.list_keks()):
            raise UsageRefused(f"单位 {code} 没有 {month} 的密钥", f"unit {code} has no key for {month}")
        done = renew_key(archive.database, archive.key_store, unit_id, month)
    kept = [{"key": each.kek_id, "rows": each.rows, "by": list(each.by)} for each in done.kept]
    return {"key": done.kek_id, "rewrapped": done.moved, "destroyed": list(done.destroyed), "kept": kept}


def renewal_lines(facts: Facts) -> Iterator[str]:
    yield f"密钥 / key {facts['key']}"
    yield f"    重新加密的数据密钥 / data keys wrapped anew: {facts['rewrapped']}；录像未改写 / no footage rewritten"
    for kek_id in facts["destroyed"]:
        yield f"    已销毁 / destroyed: {kek_id}"
    for each in facts["kept"]:
        needed_by = ", ".join(each["by"])
        yield f"    仍需要，暂不销毁 / still needed, so it stays: {each['key']} ({needed_by}: {each['rows']})"
    if facts["kept"]:
        yield "    以后再次执行即可销毁 / run it again later"
    if any(CustodyAttempt.__tablename__ in each["by"] for each in facts["kept"]):
        yield "    封存已停止的上传须先处理 / uploads that stopped are decided on first: liuhen admin upload list"
