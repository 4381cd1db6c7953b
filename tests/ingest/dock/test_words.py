"""A reason of the system's is said in Chinese by its code: nobody's English prose gets into a Chinese sentence."""

from __future__ import annotations

import errno
import json
import os
import socket
import sqlite3
import ssl
from pathlib import Path

import httpx
import pytest

from ingest.dock import errors
from ingest.dock.answers import Reply, detail_of
from ingest.dock.words import Words, reason_of, reason_of_connection, reason_of_notes


@pytest.mark.parametrize(
    ("number", "zh"),
    [
        (errno.ENOENT, "没有这个文件或目录"),
        (errno.EACCES, "没有权限"),
        (errno.ENOSPC, "磁盘已满"),
        (errno.EIO, "读写出错，存储卡或磁盘可能已损坏或被拔出"),
        (errno.EOWNERDEAD, "系统错误 EOWNERDEAD"),
    ],
)
def test_an_error_of_the_system_is_said_in_both_languages(number: int, zh: str) -> None:
    assert reason_of(OSError(number, os.strerror(number))) == Words(os.strerror(number).lower(), zh)


def test_an_error_of_a_host_name_or_a_certificate_is_no_number() -> None:
    assert reason_of(socket.gaierror(-2, "Name or service not known")).zh == "找不到该主机名"
    assert reason_of(ssl.SSLCertVerificationError(1, "self-signed")).zh == "证书未通过验证"


def test_a_refused_connection_is_told_from_below_the_http_library() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(httpx.ConnectError) as refused:
            httpx.get(f"http://127.0.0.1:{port}", trust_env=False)
    assert reason_of_connection(refused.value).zh == "对方拒绝连接，服务可能未运行"
    assert reason_of_connection(httpx.RemoteProtocolError("Server disconnected")).zh == "对方断开了连接"


def test_a_full_disk_under_the_notes_is_told_by_the_code(tmp_path: Path) -> None:
    notes = sqlite3.connect(tmp_path / "notes")
    notes.execute("PRAGMA max_page_count = 2")
    notes.execute("CREATE TABLE a (b)")
    with pytest.raises(sqlite3.OperationalError) as full:
        notes.execute("INSERT INTO a VALUES (zeroblob(100000))")
    notes.close()
    assert reason_of_notes(full.value) == Words("database or disk is full", "磁盘已满")
    assert reason_of_notes(TypeError("a bytes was noted here")).zh == "记录内容已损坏"


def test_every_error_says_it_in_both_languages() -> None:
    words, path = Words("english reason", "中文原因"), Path("/srv/卡")
    found = [
        errors.SourceUnreadable("a", words), errors.SourceVanished("a", path), errors.FolderTooDeep("a", 32),
        errors.SourceChanged("a"), errors.SourceUnsteady("a"),
        errors.HandlingFailed("a", ValueError("english reason")),
        errors.TransferRefused(400, words),
        errors.NoProgress(1, words), errors.CustodyFailed("0", words), errors.ReceiptRejected("0", words),
        errors.RemovalFailed("a", words), errors.RemovalUnconfirmed("a", words),
        errors.CredentialMissing(), errors.CredentialAmbiguous(),
        errors.TokenUnusable(path, words), errors.KeyUnusable(path, words), errors.ConfigUnusable(path, words),
        errors.RateUnreadable("a"), errors.FingerprintUnreadable("a"), errors.AddressUnusable("a", words),
        errors.AddressInTheClear("a"), errors.FolderUnusable(path, words), errors.StateUnusable(path, words),
        errors.StateInUse(path, 7, "card"), errors.StationRefused(401, words), errors.EnrolmentRefused(400, words),
        errors.KeyNotOurs("a"), errors.NoArchiveThere("http://a", words),
        errors.ArchiveKeyDiffers("a", "b"), errors.NotEnrolledYet("a", "b"), errors.Interrupted(),
        errors.TryAgain(words), errors.NotSealedYet(words), errors.UploadGone("0"), errors.UploadUnfinished("0"),
    ]  # fmt: skip
    leaves = {kind for kind in _below(errors.DockError) if not _below(kind)} | {errors.ArchiveKeyDiffers}
    assert leaves <= {type(error) for error in found}
    for error in found:
        assert "english reason" not in error.words.zh, error
        assert "中文原因" not in error.words.en, error
        assert any("\u4e00" <= letter <= "\u9fff" for letter in error.words.zh), error
        assert str(error) == error.words.en


def _below(kind: type) -> set[type]:
    return {each for direct in kind.__subclasses__() for each in (direct, *_below(direct))}


def refusal_of(error: type[errors.StationRefused | errors.EnrolmentRefused], **members: object) -> Words:
    reply = Reply(403, {}, json.dumps(members).encode())
    return error(403, detail_of(reply)).words


def test_what_to_do_is_said_once() -> None:
    """The archive's own sentences say whom to turn to; what stands before them, or is no archive, does not."""
    code = {
        "zh-CN": "代码已过期；请核对输入，仍不行时请管理员重新生成",
        "en": "it is expired: check it, or ask the administrator for another.",
    }
    said = refusal_of(errors.EnrolmentRefused, sentences=code)
    assert said.zh == "档案系统未登记本站（HTTP 403）：代码已过期；请核对输入，仍不行时请管理员重新生成"
    assert said.en.endswith(": it is expired: check it, or ask the administrator for another")
    revoked = {"zh-CN": "凭证无效或已吊销，请向管理员重新登记。", "en": "It is revoked. Ask the administrator."}
    said = refusal_of(errors.StationRefused, sentences=revoked)
    assert said.zh == "档案系统拒绝本站（HTTP 403）：凭证无效或已吊销，请向管理员重新登记"
    assert said.en.endswith(": It is revoked. Ask the administrator")
    said = refusal_of(errors.StationRefused, detail="Forbidden.")
    assert said.zh.endswith("；凭证未知或已吊销，请联系管理员")
    assert "。；" not in said.zh
    assert said.en.endswith(
        ": Forbidden; its credential is unknown or revoked: ask the archive's administrator to enrol it"
    )
