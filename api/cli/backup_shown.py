"""What `liuhen backup` and `liuhen restore` say of what they did, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.backup.keeping import KeptBackup
from api.backup.making import BackupMade
from api.backup.restored import Restored
from integrity.local_time import show_in_china


def describe_made(made: BackupMade, *, sealed: bool, removed: Sequence[str]) -> Iterator[str]:
    """`sealed`: whether a passphrase seals its keys. `removed`: earlier ones that were not kept."""
    facts, objects, copied = made.facts, made.objects, made.copied
    yield f"备份已完成 / made: {made.folder}"
    yield _said(
        f"已核对：数据库副本经 pg_verifybackup，并试启动清点 {facts.rows} 行；{made.keys} 个密钥全部能打开；"
        f"账本 {facts.entries} 条，已签至 {facts.signed_size}",
        f"verified: the copied database by pg_verifybackup and by a start ({facts.rows} rows); all {made.keys} keys "
        f"open; {facts.entries} ledger entries, signed up to {facts.signed_size}",
    )
    yield _said(
        f"对象 {objects} 个，新复制 {copied} 个并读回核对",
        f"{objects} objects, {copied} of them copied now and read back",
    )
    if made.stream:
        yield _said(
            f"预写日志从此接起（{made.stream}），可恢复到其后任意时刻",
            f"the write-ahead log goes on from it ({made.stream}): any instant since can be restored",
        )
    if not sealed:
        yield _said(
            "注意：密钥部分未加密；根密钥为明文文件时，拿到此备份即可打开全部录像。"
            "请设置 LIUHEN_BACKUP_PASSPHRASE_FILE，或用 --keys 另存",
            "note: its keys are not sealed. With a root key in a plain file, whoever has this backup has the footage: "
            "set LIUHEN_BACKUP_PASSPHRASE_FILE, or keep them apart with --keys",
        )
    if made.forgotten:
        yield _said(
            f"已从较早的备份中销毁密钥 {made.forgotten} 个",
            f"{made.forgotten} keys that were destroyed since are destroyed in earlier backups as well",
        )
    if made.sealed_earlier:
        yield _said(
            f"注意：较早的备份已加密，可能仍含其后销毁的密钥，请按期删除：{'、'.join(made.sealed_earlier)}",
            "note: these earlier backups are sealed and may hold keys that were destroyed since; remove them in time",
        )
    for name in removed:
        yield f"已删除 / removed: {name}"
    for name in made.lost:
        yield f"错误：对象在档案中已不完好，请先巡检修复 / error: not whole in the archive, scrub and heal it: {name}"


def describe_kept(each: KeptBackup) -> str:
    """One line of the list."""
    if each.statement is None:
        return f"{each.name}  不完整 / not whole"
    sealed = "已加密 / sealed" if each.statement.keys_sealed else "明文 / plain"
    objects = "已复制 / copied" if each.statement.objects == "copied" else "未复制 / listed only"
    line = f"{each.name}  账本 / ledger {each.statement.signed_size}  对象 / objects: {objects}  密钥 / keys: {sealed}"
    if each.condemned:
        line += f"  其后销毁的密钥 / keys destroyed since: {each.condemned}"
    return line


def describe_restored(done: Restored) -> Iterator[str]:
    facts = done.facts
    yield _said(
        f"0 处差异：{len(facts.tables)} 张表 {facts.rows} 行，{done.objects} 个对象 {done.object_bytes} 字节，"
        f"{done.keys} 个密钥，账本 {facts.entries} 条",
        f"0 differences: {len(facts.tables)} tables with {facts.rows} rows, {done.objects} objects of "
        f"{done.object_bytes} bytes, {done.keys} keys, {facts.entries} ledger entries",
    )
    yield from _describe_log(done)
    if done.keys_destroyed:
        yield _said(
            f"其后销毁的密钥 {done.keys_destroyed} 个没有还原，其下 {done.unreadable} 条记录打不开",
            f"{done.keys_destroyed} keys that were destroyed since stay destroyed; {done.unreadable} recordings of "
            "this backup are under them",
        )
    if done.lost_before:
        yield f"备份时已不完好的对象 / objects that were not whole when it was made: {done.lost_before}"
    for finding in done.audit.findings:
        yield f"核验发现 / audit: {finding.subject}: {finding.chinese} / {finding.english} [{finding.code}]"
    if done.ahead is not None:
        yield _said(
            f"账本在别处已签至 {done.ahead}，这里只到 {facts.signed_size}：不会另签一本，liuhen up 将拒绝启动；"
            "请还原较新的备份，或恢复到日志末尾",
            f"the ledger was signed up to {done.ahead} elsewhere, and this one knows {facts.signed_size}: no second "
            "one is signed, and `liuhen up` refuses. Restore a newer backup, or up to the end of the log",
        )
        return
    if done.foreign:
        yield _said(
            f"已就绪：{done.data}/postgres 是数据库服务器的数据目录，其余各归其位（docs/backup.md）；"
            f"或在单机上启动：LIUHEN_DATA={done.data} liuhen up",
            f"ready: {done.data}/postgres is the data folder of the database's server, docs/backup.md says where "
            f"the rest goes; or, on one box: LIUHEN_DATA={done.data} liuhen up",
        )
        return
    yield f"已就绪，启动 / ready, start it with: LIUHEN_DATA={done.data} liuhen up"


def _describe_log(done: Restored) -> Iterator[str]:
    if done.replayed is None or done.log_end is None:
        return
    last = "—" if done.replayed.last is None else show_in_china(done.replayed.last)
    end = show_in_china(done.log_end)
    yield _said(
        f"已接续预写日志：最后一个事务为 {last}，日志送到 {end} 为止；备份之后存入的对象 {done.newer} 个",
        f"gone on with the write-ahead log: its last transaction is of {last}, and it was shipped up to {end}; "
        f"{done.newer} objects came after the backup",
    )
    if done.gone_since:
        yield _said(
            f"此时刻之后依法处置的对象 {done.gone_since} 个，没有还原",
            f"{done.gone_since} objects were disposed of after this instant, and are not brought back",
        )
    for name in done.lost_after:
        yield f"错误：备份之后存入的对象已失 / error: an object that came after the backup is nowhere: {name}"


def _said(chinese: str, english: str) -> str:
    return f"{chinese} / {english}"
