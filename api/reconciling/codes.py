"""Each kind of finding: what it means, and what to do about it. docs/reconcile.md has the same table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from api.reconciling.cold_codes import cold_mismatches

MISMATCH, NOTICE = "mismatch", "notice"


@dataclass(frozen=True)
class Code:
    """`severity`: a notice is on its way to its end by itself, or waits for somebody who was told already."""

    name: str
    severity: str
    chinese: str
    english: str
    do_chinese: str
    do_english: str


_SCRUB_HEALS = (
    "运行 liuhen scrub --all；没有副本存储的，按 docs/scrub.md 从备份放回原名之下",
    "run `liuhen scrub --all`; without a replica, put it back from a backup under its name, as docs/scrub.md says",
)
_NEVER_REMOVE = (
    "切勿删除；先查明数据库或存储是否是旧备份恢复的，见 docs/reconcile.md",
    "never remove it; find out first whether database or store came back from an older backup: docs/reconcile.md",
)
_VERIFY = (
    "保留现状，运行 liuhen verify，并请审计员到场；从更新的数据库备份恢复",
    "leave everything as it is, run `liuhen verify` and call an auditor; bring back a newer dump of the database",
)


def _mismatches() -> Iterator[Code]:
    def code(name: str, chinese: str, english: str, do: tuple[str, str]) -> Code:
        return Code(name, MISMATCH, chinese, english, *do)

    yield code(
        "database_older",
        "数据库比存储中的账本旧：恢复了较早的数据库备份。没有任何内容被覆盖",
        "the database is older than the ledger in the store: an earlier dump came back. Nothing was overwritten",
        (
            "不要启动 liuhen up 以外的写入，也不要删除任何对象；恢复更新的数据库备份（含归档日志）后再对账",
            "let nothing be written and remove no object; bring back a newer dump of the database, with its archived "
            "log, and reconcile again",
        ),
    )
    yield code(
        "store_older",
        "存储中没有数据库所知的最新检查点：存储是旧的、不完整，或不是本档案的",
        "the latest checkpoint that the database knows is not in the store: that is older, not whole, or another's",
        (
            "核对挂载和存储设置；确认后从存储备份补齐缺少的文件，不覆盖已有的",
            "check what is mounted and the settings of the store; then add what is missing from the store's backup, "
            "over nothing that is there",
        ),
    )
    yield code(
        "checkpoint_missing",
        "数据库中的检查点在存储中没有文件",
        "a checkpoint of the database has no file in the store",
        ("从存储备份放回该文件", "put the file back from the store's backup"),
    )
    yield code(
        "checkpoint_unknown",
        "存储中有检查点，而数据库在这一长度上没有",
        "the store has a checkpoint at a size at which the database has none",
        _VERIFY,
    )
    yield code(
        "ledger_file_missing",
        "账本文件缺失：存储中没有应有的 tile",
        "a file of the ledger is missing: a tile that has to be there",
        ("从存储备份放回该文件", "put the file back from the store's backup"),
    )
    yield code(
        "ledger_file_size_differs",
        "账本文件大小不对",
        "a file of the ledger has another size than it has to have",
        ("从存储备份放回该文件", "put the file back from the store's backup"),
    )
    yield code(
        "object_missing",
        "有行而无对象，副本存储中也没有：被删除、磁盘损坏，或存储是旧备份恢复的",
        "a row without its object, and no copy in the replica: removed, a broken disk, or a store that came back older",
        _SCRUB_HEALS,
    )
    yield code(
        "object_only_in_replica",
        "有行而主存储中无对象，副本存储中有",
        "a row whose object is in the replica alone",
        ("运行 liuhen scrub --all，从副本存储取回", "run `liuhen scrub --all`: it comes back from the replica"),
    )
    yield code(
        "size_differs",
        "对象大小与封存时不同：被截短、写坏，或被替换",
        "an object has another size than it was sealed with: cut off, damaged, or replaced",
        _SCRUB_HEALS,
    )
    yield code(
        "version_differs",
        "对象的版本与封存时不同，且不是修复所致：由人放回，或存储桶搬迁时复制",
        "an object has another version than it was sealed as, and was not mended: put back by hand, or copied when "
        "a bucket was moved",
        (
            "运行 liuhen scrub --all 整件核对；完好即可照常使用",
            "run `liuhen scrub --all`, which reads it whole; if it is whole, it serves",
        ),
    )
    yield code(
        "several_versions",
        "同一名称之上另有无人读取的版本：写入时崩溃所留，或他人写入",
        "versions that nobody reads lie over an object: left by a crash while it was written, or a stranger's",
        (
            "对象本身不受影响；查明谁能写入存储桶，多余版本留待核查",
            "the object itself is not touched; find out who can write to the bucket, and leave them for whoever looks",
        ),
    )
    yield code(
        "object_unknown",
        "存储中有对象，没有任何行指向它，来历不明：数据库是旧备份恢复的，或由人放入",
        "an object that no row names, of unknown origin: the database came back older, or somebody put it there",
        _NEVER_REMOVE,
    )
    yield code(
        "object_superseded",
        "重复收到的文件的密文，原件已封存于另一记录；没有行指向它",
        "ciphertext of a file that came again and is sealed as another recording; no row names it",
        (
            "可以删除：先确认所列记录完好（liuhen scrub --recording），再停机按名称移出存储",
            "it may be removed: see that the recording named is whole (`liuhen scrub --recording`), stop the archive, "
            "and move it out of the store by its name",
        ),
    )
    yield code(
        "copy_given_up",
        "制作失败的副本所留的对象；没有行指向它，原件不受影响",
        "left by a copy that could not be made; no row names it, and its original is not touched",
        (
            "可以删除：停机后按名称移出存储；留下也无妨",
            "it may be removed: stop the archive and move it out of the store by its name; it does no harm either",
        ),
    )
    yield code(
        "attachment_left_behind",
        "申请附件提交中断所留的对象；没有行指向它",
        "left by the filing of a paper that broke off; no row names it",
        (
            "该申请下次提交附件时自动清除；申请已有决定的，留下无妨",
            "it goes when the next paper of that request is filed; where that is decided already, it does no harm",
        ),
    )
    yield code(
        "disposed_object_remains",
        "账本称已销毁，而对象仍在：销毁没有完成",
        "the ledger says that it was disposed of, and the object is still there: the disposal did not end",
        (
            "核对存储是否是旧备份恢复的、对象锁定是否到期；由有权的人按原批准完成删除，不得用于播放",
            "see whether the store came back from an older backup, and until when it is locked; whoever may removes it "
            "by the approval there was; it is not to be played",
        ),
    )
    yield code(
        "disposed_row_remains",
        "账本称已销毁，而行仍在：恢复了较早的数据库，或销毁没有完成",
        "the ledger says that it was disposed of, and its row is there: an older database, or the disposal did not end",
        _VERIFY,
    )
    yield code(
        "destroyed_key_remains",
        "账本称已销毁的密钥仍在密钥库中：恢复了较早的密钥库",
        "a key that the ledger says is destroyed is in the key store: an older key store was brought back",
        (
            "启动 liuhen up，或运行中每小时，自动重新销毁；备份介质也要销毁",
            "`liuhen up` destroys it when it starts, and every hour while it runs; destroy the backup too",
        ),
    )
    yield code(
        "key_missing",
        "行所用的密钥不在密钥库中：内容无法读取",
        "a key that rows name is not in the key store: what it opens cannot be read",
        (
            "从更新的密钥库备份放回（docs/keys.md）；账本称已销毁的，应查行为何仍在",
            "bring it back from a newer backup of the key store (docs/keys.md); where the ledger says that it was "
            "destroyed, find out why rows still name it",
        ),
    )
    yield code(
        "entry_without_row",
        "账本称已封存或制作，而行不在：恢复了较早的数据库，或有人删除了行",
        "the ledger says that it was sealed or made, and there is no row: an older database, or somebody deleted it",
        _VERIFY,
    )
    yield code(
        "row_without_entry",
        "有行而账本中没有相应条目：行不是档案系统写入的",
        "a row without an entry in the ledger: the archive did not write it",
        _VERIFY,
    )
    yield code(
        "copy_missing",
        "应已复制的对象不在副本存储中",
        "an object that was copied is not in the replica",
        (
            "运行 liuhen replicate；副本存储整个丢失的，见 docs/replication.md",
            "run `liuhen replicate`; where the replica was lost as a whole, docs/replication.md says what to do",
        ),
    )
    yield code(
        "copy_size_differs",
        "副本存储中的大小与封存时不同",
        "a copy in the replica has another size than its object was sealed with",
        ("运行 liuhen replicate，由主存储重做", "run `liuhen replicate`: it is made anew from the first store"),
    )
    yield code(
        "copy_version_differs",
        "副本存储中的版本不是复制时的，且不是修复所致",
        "a copy in the replica has another version than was put there, and not by being mended",
        ("查明谁能写入副本存储；巡检会整件核对", "find out who can write to the replica; scrubbing reads it whole"),
    )
    yield code(
        "copy_several_versions",
        "副本存储中同一名称之上另有无人读取的版本",
        "versions that nobody reads lie over a copy in the replica",
        ("查明谁能写入副本存储", "find out who can write to the replica"),
    )
    yield code(
        "copy_unplanned",
        "有行而没有复制记录：永远不会被复制",
        "a row of which nothing is noted for the replica: it would never be copied",
        _VERIFY,
    )
    yield code(
        "copy_unknown",
        "副本存储中有对象，没有任何行指向它，来历不明",
        "an object in the replica that no row names, of unknown origin",
        _NEVER_REMOVE,
    )
    yield code(
        "disposed_copy_remains",
        "已销毁的记录，副本存储中仍有副本，且已过应删除的时刻",
        "a copy of what was disposed of is in the replica, and it is past the time when it should have gone",
        (
            "运行 liuhen replicate；仍在的，看其日志",
            "run `liuhen replicate`; what is still there then, its log says why",
        ),
    )
    yield code(
        "replica_absent",
        "副本存储未接上：没有标记，或不应答；未比较其内容",
        "the replica is not there: it has no mark, or does not answer; nothing of it was compared",
        (
            "挂载磁盘，或核对 LIUHEN_REPLICA_ 设置，再对账",
            "mount its disk, or check the LIUHEN_REPLICA_ settings, and reconcile again",
        ),
    )
    yield from cold_mismatches(code, _NEVER_REMOVE)
    yield code(
        "staged_missing",
        "已收完的上传，暂存目录中没有其文件",
        "an upload whose bytes had all arrived has no file in the staging folder",
        (
            "挂载或恢复暂存磁盘；否则 liuhen admin upload release，请工作站重传（没有回执，原件还在）",
            "mount or bring back the staging disk; else `liuhen admin upload release`, and the station sends it again: "
            "it has no receipt and keeps its original",
        ),
    )
    yield code(
        "staged_size_differs",
        "暂存文件的大小与已确认收到的不同",
        "a staged file has another size than was acknowledged",
        (
            "检查暂存磁盘；liuhen admin upload release 后请工作站重传",
            "look at the staging disk; after `liuhen admin upload release` the station sends it again",
        ),
    )
    yield code(
        "staged_damaged",
        "暂存的进度文件已损坏",
        "the file that says how much of an upload has arrived is damaged",
        (
            "检查暂存磁盘；到期后自动清除，工作站重传",
            "look at the staging disk; it expires, and the station sends it again",
        ),
    )
    yield code(
        "staged_unknown",
        "暂存了内容，却没有对应的上传：恢复了较早的数据库",
        "staged bytes without an upload: an older database was brought back",
        (
            "切勿删除；恢复更新的数据库备份，否则按 docs/operating.md 另行收进",
            "never remove them; bring back a newer dump of the database, else take them in as docs/operating.md says",
        ),
    )


def _notices() -> Iterator[Code]:
    def code(name: str, chinese: str, english: str, do: tuple[str, str]) -> Code:
        return Code(name, NOTICE, chinese, english, *do)

    wait = ("等待即可", "wait")
    yield code(
        "object_under_way",
        "正在封存或制作，尚无行指向",
        "being sealed or made: no row names it yet",
        wait,
    )
    yield code(
        "attempt_stopped",
        "封存已停下，等人决定",
        "its sealing has stopped until a person decides",
        ("liuhen admin upload list；再决定 retry 或 release", "`liuhen admin upload list`, then retry or release"),
    )
    yield code(
        "attempt_given_up",
        "已放弃的上传所留的密文",
        "ciphertext of an upload that was given up",
        (
            "档案系统运行时每小时自动清除，无需手工删除",
            "it goes by itself within an hour or two while the archive runs; nobody has to remove it",
        ),
    )
    yield code(
        "disposed_copy_under_way",
        "已销毁的记录，副本存储中的副本待删除",
        "a copy of what was disposed of waits to be removed from the replica",
        wait,
    )
    yield code(
        "copy_waiting",
        "尚未复制到副本存储",
        "not copied to the replica yet",
        ("等待，或运行 liuhen replicate", "wait, or run `liuhen replicate`"),
    )
    yield code(
        "checkpoint_unrecorded",
        "存储中的最后一个检查点尚未记入数据库，其条目都在",
        "the last checkpoint of the store is not in the database yet, and its entries are",
        ("启动 liuhen up，自动补记", "`liuhen up` adds it when it starts"),
    )
    yield code(
        "checkpoint_before_anew",
        "新存储取代原存储之前的检查点，没有带过来",
        "a checkpoint of before this store took a lost one's place",
        ("无需处理", "nothing"),
    )
    yield code(
        "staged_leftover",
        "已完结的上传，暂存文件尚未清除",
        "a file is still staged of an upload that has ended",
        wait,
    )
    yield code(
        "replica_not_begun",
        "已指定副本存储，但尚未启用；未比较",
        "a replica is named and was not begun yet: nothing of it was compared",
        ("启动 liuhen up，或运行 liuhen replicate", "start `liuhen up`, or run `liuhen replicate`"),
    )


CODES: Final[Mapping[str, Code]] = {each.name: each for each in (*_mismatches(), *_notices())}
