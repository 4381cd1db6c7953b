"""What an audit finds: each kind once, in both languages, and the collector that outlives a million findings."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]

MOST_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """`warning`: nothing that was sealed is lost or doubtful, but somebody should know."""

    severity: Severity
    chinese: str
    english: str


KINDS: dict[str, Kind] = {
    "checkpoint_missing": Kind("error", "账本检查点文件缺失", "a signed checkpoint's file is missing"),
    "checkpoint_invalid": Kind(
        "error", "账本检查点无效或签名不符", "a checkpoint is malformed or not the ledger's own"
    ),
    "checkpoint_differs": Kind(
        "error", "数据库中的检查点与文件不一致", "a checkpoint's row says something else than its file"
    ),
    "root_differs": Kind(
        "error", "账本条目与已签名检查点的根不符", "the entries do not lead to the root that was signed"
    ),
    "tile_missing": Kind("error", "账本哈希块缺失", "a hash tile of the ledger is missing"),
    "tile_differs": Kind("error", "账本哈希块被改动", "a hash tile of the ledger was changed"),
    "old_tile_missing": Kind(
        "warning",
        "账本的旧（不完整）块缺失，较新的块仍在",
        "a partial file of the ledger is missing; a fuller one is there",
    ),
    "bundle_missing": Kind("error", "账本条目包缺失", "an entry bundle of the ledger is missing"),
    "bundle_differs": Kind("error", "账本条目包被改动", "an entry bundle of the ledger was changed"),
    "entry_row_missing": Kind("error", "数据库缺少该账本条目", "the database has no row for this ledger entry"),
    "entry_row_differs": Kind(
        "error", "数据库中的账本条目与账本不一致", "the row of this ledger entry is not what the ledger holds"
    ),
    "entry_unreadable": Kind("error", "账本条目无法读取", "this ledger entry cannot be read"),
    "entries_out_of_time": Kind(
        "warning",
        "账本条目自称的时间比在前的条目早一小时以上",
        "ledger entries claim a time more than an hour before that of entries placed earlier",
    ),
    "entries_waiting": Kind("warning", "有账本条目长时间未定序", "ledger entries have waited long for their place"),
    "logged_row_missing": Kind(
        "error", "账本记载其存在，数据库中却没有", "the ledger says that it was made, and the database has no such row"
    ),
    "row_unaccounted": Kind(
        "error", "数据库中有此记录，账本中却没有相应条目", "the database has a row that no ledger entry accounts for"
    ),
    "row_differs": Kind(
        "error", "数据库中的记录与账本条目不一致", "a row does not say what the ledger's entries make of it"
    ),
    "begun_in_merged_unit": Kind(
        "error",
        "单位已并入其他单位，其后仍有新办事项或未转出的人员、工作站、职务",
        "something was begun, or went on, in a unit after it was merged into another",
    ),
    "row_unproven": Kind(
        "error",
        "账本只存承诺，其原文与盐已不在，数据库中的记录无从核对",
        "the entry has a commitment only, and what opens it is gone: the row can no longer be held against it",
    ),
    "opening_missing": Kind(
        "error",
        "承诺的原文与盐不见了",
        "what opens a commitment of the ledger is gone, and no entry says it was destroyed",
    ),
    "opening_differs": Kind(
        "error", "承诺的原文或盐被改动", "what lies beside the ledger does not open the commitment of its entry"
    ),
    "recording_missing": Kind(
        "error", "账本记载已封存的原始记录不见了", "a recording that the ledger says was sealed is gone"
    ),
    "guard_missing": Kind(
        "error",
        "数据库自身的保护（权限、行级安全、触发器、约束、函数、角色）与本版本所设的不同",
        "what the database refuses by itself is not as this release made it: rights, row security, triggers,"
        " constraints, functions or roles",
    ),
    "key_differs": Kind("error", "密钥与公示的不一致", "a key is not the one that was announced"),
    "recording_differs": Kind(
        "error", "数据库中的原始记录与封存清单不一致", "a recording's row is not what its manifest says"
    ),
    "positions_differ": Kind(
        "error", "位置轨迹与封存清单不一致", "a track of positions is not the one its manifest states"
    ),
    "manifest_invalid": Kind(
        "error", "封存清单无效或签名不符", "a manifest is malformed, or its signature does not hold"
    ),
    "token_invalid": Kind("error", "时间戳无效", "a time stamp does not hold"),
    "sealing_entry_differs": Kind(
        "error", "封存条目与原始记录不一致", "the ledger's entry of the sealing does not fit the recording"
    ),
    "sealing_entry_unplaced": Kind("error", "封存条目不在账本中", "the entry of the sealing is not in the ledger"),
    "retention_differs": Kind(
        "error", "保管期限与账本不一致", "the retention of a recording is not what the ledger says"
    ),
    "object_missing": Kind("error", "存储对象缺失", "a stored object is missing"),
    "object_size_differs": Kind("error", "存储对象大小不符", "a stored object has another size than was sealed"),
    "object_differs": Kind("error", "存储对象内容被改动", "a stored object is not what was sealed"),
    "object_entries_differ": Kind(
        "error",
        "账本中存储对象缺失与恢复的条目不成对",
        "the ledger's entries that a stored object was lost and restored do not follow each other",
    ),
    "object_unreadable": Kind("error", "存储对象无法读取", "a stored object cannot be read"),
    "key_unusable": Kind("error", "数据密钥无法打开", "the data key of a recording cannot be opened"),
    "rendition_differs": Kind(
        "error", "播放副本与账本或原始记录不一致", "a playable copy does not fit the ledger or its original"
    ),
    "receipt_missing": Kind("error", "上传已回执，但回执缺失", "an upload counts as receipted and has no receipt"),
    "receipt_invalid": Kind("error", "回执无效或签名不符", "a receipt is malformed, or its signature does not hold"),
    "receipt_differs": Kind(
        "error", "回执与原始记录、上传或账本不一致", "a receipt does not fit its recording, its upload or the ledger"
    ),
    "upload_differs": Kind("error", "上传记录与原始记录不一致", "an upload's row does not fit its recording"),
    "seal_invalid": Kind(
        "error",
        "文书的电子签章无效或与所登记的印章不符",
        "the seal on a document does not hold, or is not the one that is registered",
    ),
    "judgement_differs": Kind(
        "warning",
        "要素判断或待补问题与事实不符；重新得出：liuhen admin element judge-again",
        "what is kept of required elements is not what the facts give; made anew by: liuhen admin element judge-again",
    ),
    "review_invalid": Kind(
        "error",
        "法制审核意见不是本档案签发的，或与记录不符",
        "the opinion of a legal review was not signed by this archive, or says otherwise than its row",
    ),
    "issued_without_pass": Kind(
        "error",
        "属于法制审核范围的决定未经有效的审核通过即已作出",
        "a decision that needs a legal review was issued without a pass that holds",
    ),
    "issued_untold": Kind(
        "error",
        "作出处罚决定之前未依法告知当事人、听取其意见，或期限未满",
        "a penalty was issued before its party was told and heard, or before his days were over",
    ),
    "paper_differs": Kind(
        "error",
        "载明决定的文书与该决定的当事人、金额或内容不符，或所载不是本案的决定",
        "a paper that states a decision says another party, amount or content than it, or states none of its case",
    ),
    "served_other_decision": Kind(
        "error",
        "送达登记的决定不是所送达文书载明的决定",
        "a service names another decision than the paper that was served",
    ),
    "served_unissued": Kind("error", "送达了没有作出的决定", "a decision was served that was not issued"),
    "figures_differ": Kind(
        "error",
        "报送的数字与其检查点的账本条目不符",
        "the figures of a return are not those of the entries that its checkpoint covers",
    ),
    "return_not_owed": Kind(
        "error",
        "报表不是该单位按制度应报的，或所含单位有缺有多",
        "a return is not what its unit owed by its rule, or lacks a unit, or has one that is not its own",
    ),
    "figures_not_counted": Kind(
        "warning",
        "报送的数字按旧的计数方法得出，本版本未重新计数",
        "the figures of a return were counted in a way that this release no longer knows, and were not counted again",
    ),
    "sample_differs": Kind(
        "error",
        "抽取的案卷或调阅不是账本及其检查点所决定的",
        "the case files or viewings that are drawn are not those that the ledger and its checkpoint draw",
    ),
    "original_unconsented": Kind(
        "error",
        "向没有原件许可的授权提供了原件",
        "an original was opened under a grant without consent to originals, or somebody else's",
    ),
    "push_overdue": Kind(
        "warning",
        "应推送市级平台的信息逾期未被接收",
        "the city's platform does not have what it should have by now",
    ),
    "push_unaccounted": Kind(
        "error",
        "推送的次数或时间与账本及重试规则不符",
        "the attempts to push a message, or when it is due, fit neither the ledger nor the rules of retrying",
    ),
    "instant_beyond_calendar": Kind(
        "error",
        "数据库中的时间超出公历范围（公元 1 年之前或 9999 年之后），本系统从不写入",
        "an instant before the year 1 or after 9999, which nothing here writes",
    ),
    "part_unfinished": Kind(
        "error",
        "这一部分因无法理解的内容未能核验完毕，其余各部分照常核验；请查看日志",
        "this part could not be finished, for something in it cannot be read; the others were: see the log",
    ),
    "object_orphaned": Kind("warning", "存储对象没有对应的记录", "a stored object belongs to no row"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `subject` names it; `expected` and `found` are there where two differ."""

    severity: Severity
    code: str
    subject: str
    expected: str | None
    found: str | None
    chinese: str
    english: str

    def to_json(self) -> dict[str, str | None]:
        return dataclasses.asdict(self)


@dataclass
class Findings:
    """Every finding is counted, the first thousand are kept: a wrecked archive must not fill the memory as well."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, subject: str, expected: object = None, found: object = None) -> None:
        kind = KINDS[code]
        self.counts[code] += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(
                Finding(kind.severity, code, subject, _text(expected), _text(found), kind.chinese, kind.english)
            )

    def take(self, others: Findings) -> None:
        """As if they had been added here."""
        self.counts.update(others.counts)
        self.kept.extend(others.kept[: MOST_KEPT - len(self.kept)])

    @property
    def total(self) -> int:
        return self.counts.total()


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else str(value)
