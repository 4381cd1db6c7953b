"""Why sealing stopped at an upload and what a person does then, in Chinese: the row has it in English alone.

By the codes of ingest/errors.py, which docs/stations.md lists.
"""

from __future__ import annotations

from collections.abc import Mapping

_RETRY = "liuhen admin upload retry {id}"
_RELEASE = "liuhen admin upload release {id} --reason 原因"

STOPS: Mapping[str, str] = {
    "StagedFileMissing": f"暂存文件已不在；恢复后执行 {_RETRY}；确已丢失则执行 {_RELEASE}，由工作站重新发送",
    "StagedLengthDiffers": f"暂存的字节数与已确认的不符；请检查暂存磁盘，补齐后执行 {_RETRY}；否则执行 {_RELEASE}，"
    "由工作站重新发送",
    "ClaimedDigestDiffers": "收到的字节与工作站声明的摘要不符，工作站会重新发送，收讫后本次上传自动放弃；"
    f"要立即腾出限额，执行 {_RELEASE}",
    "PlaintextChanged": f"暂存文件在两次读取之间被改动；请另存一份并查明何人所为；放回最初的内容后执行 {_RETRY}；"
    f"否则执行 {_RELEASE}，由工作站重新发送",
    "StoredBytesDiffer": f"存储读回的字节与写入的不符，暂存文件保留；请检查存储磁盘，手工移除该对象，再执行 {_RETRY}",
    "StoredCopyLost": "同一文件已封存，其存储的对象缺失且无法重建，暂存文件保留，可能是唯一的副本；"
    f"请从备份恢复密钥和数据库，再执行 {_RETRY}",
    "LostBeforeReceipt": "已封存，签发回执之前存储的对象缺失，暂存文件也已不在；工作站会重新发送，对象随之重建，"
    f"请让其接上；或恢复暂存文件后执行 {_RETRY}",
}


def stop_in_chinese(code: str | None, upload_id: str) -> str | None:
    """None for an upload that was not stopped at, and for a code that only a later release knows."""
    sentence = STOPS.get(code or "")
    return None if sentence is None else sentence.replace("{id}", upload_id)
