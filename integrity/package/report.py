"""A verdict or a failure as a person reads it, in Chinese and English, and as a program reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from integrity.canonical import Json
from integrity.chinese import said_in_both, said_in_chinese
from integrity.errors import EvidenceError, KeyNotPinned
from integrity.fields import format_instant
from integrity.hidden_signs import escaped
from integrity.local_time import show_in_china
from integrity.package.document_checks import VerifiedDocument
from integrity.package.failure import PackageInvalid
from integrity.package.key_checks import UsedKey
from integrity.package.key_line import ROLE_WORDS
from integrity.package.layout import BAG_DECLARATION, STATEMENT
from integrity.package.reading import is_unpacked
from integrity.package.repeats import VerifiedRepeat
from integrity.package.verify import STEPS, Verdict, VerifiedRecording
from integrity.trust import Fingerprint, Trust, fingerprints


def describe_verdict(verdict: Verdict) -> Iterator[str]:
    """What holds, line by line. Where the package brought its own keys, the last line says so and shows them."""
    for each in verdict.recordings:
        yield from _describe_recording(each)
    if verdict.catalogues:
        yield f"卷内目录 / catalogue of the archived case: {verdict.catalogues} 版 / version(s)"
    for document in verdict.documents:
        yield from _describe_document(document)
    yield f"账本 / ledger: {escaped(verdict.checkpoint.origin)}, {verdict.checkpoint.size} 条目 / entries"
    for key in verdict.keys:
        yield from _describe_key(key)
    yield f"核验通过 / verified: {verdict.files} 个文件 / files, {verdict.size_bytes} 字节 / bytes"
    if verdict.pinned and any(key.followed_from is not None for key in verdict.keys):
        yield (
            "密钥来自事先收到的信任文件夹，以及依账本由其接替而来者 / "
            "keys came from the trust folder handed over beforehand, and those that succeeded them by the ledger"
        )
    elif verdict.pinned:
        yield "密钥来自事先收到的信任文件夹 / keys came from the trust folder handed over beforehand"
    else:
        yield (
            "注意:密钥取自证据包本身,以上只证明前后一致;请与事先收到的指纹比对 / "
            "NOTE: the keys came from the package itself, "
            f"so this shows consistency only; compare their fingerprints: {_listed(verdict.trust)}"
        )


def describe_failure(failure: PackageInvalid) -> Iterator[str]:
    """What does not hold: the step, the file, and the two values."""
    chinese, english = STEPS[failure.step]
    yield "核验失败 / verification FAILED"
    yield f"  步骤 / step {failure.step}: {chinese} / {english}"
    yield f"  文件 / file: {escaped(failure.path)}"
    if failure.expected is not None and failure.found is not None:
        yield f"  应为 / expected: {escaped(failure.expected)}"
        yield f"  实为 / found:    {escaped(failure.found)}"
    cause = failure.__cause__
    reason = said_in_both(cause) if isinstance(cause, EvidenceError) else failure.reason
    yield f"  原因 / reason: {escaped(reason)}"
    if isinstance(cause, KeyNotPinned):
        yield (
            "  该密钥不在信任文件夹中，包内也没有账本条目说明它由其中哪一把接替而来 / "
            "this key is not in the trust folder, and no ledger entry in the package leads from there to it"
        )


def ask_for_package(folder: Path) -> Iterator[str]:
    """Whether `folder` is the one that was meant, where it lacks what every package has at its top."""
    if is_unpacked(folder):
        return
    yield (
        f"  这是解包得到的文件夹吗？其中应有 {BAG_DECLARATION} 和 {STATEMENT} / "
        f"is this the folder that came out of unpacking? {BAG_DECLARATION} and {STATEMENT} should be in it"
    )
    inner = _package_within(folder)
    if inner is not None:
        yield f"  其中的这个文件夹像是证据包 / this folder in it looks like a package: {escaped(str(inner))}"


def _package_within(folder: Path) -> Path | None:
    """Who unpacks into a folder of their own often gives that one."""
    try:
        return next(filter(is_unpacked, sorted(folder.iterdir())), None)
    except OSError:
        return None


def verdict_form(verdict: Verdict) -> dict[str, Json]:
    """The verdict for programs."""
    return {
        "verified": True,
        "keys_from": "trust" if verdict.pinned else "package",
        "package_id": str(verdict.package_id),
        "statement_sha256": verdict.statement_sha256.hex,
        "created_at": format_instant(verdict.created_at),
        "files": verdict.files,
        "size_bytes": verdict.size_bytes,
        "entries": verdict.entries,
        "catalogues": verdict.catalogues,
        "checkpoint": {
            "origin": verdict.checkpoint.origin,
            "size": verdict.checkpoint.size,
            "root": verdict.checkpoint.root.hex(),
        },
        "keys": [_key_form(each) for each in verdict.keys],
        "recordings": [_recording_form(each) for each in verdict.recordings],
        "documents": [_document_form(each) for each in verdict.documents],
        "fingerprints": [_fingerprint_form(each) for each in fingerprints(verdict.trust)],
    }


def failure_form(failure: PackageInvalid) -> dict[str, Json]:
    """The failure for programs. `kind` is the name of the error in integrity/errors.py."""
    cause = failure.__cause__
    return {
        "verified": False,
        "step": failure.step,
        "step_name": STEPS[failure.step][1],
        "file": escaped(failure.path),
        "expected": failure.expected,
        "found": failure.found,
        "kind": type(cause).__name__,
        "reason": escaped(failure.reason),
        "reason_zh": escaped(said_in_chinese(cause if isinstance(cause, EvidenceError) else failure)),
    }


def _describe_recording(recording: VerifiedRecording) -> Iterator[str]:
    manifest = recording.manifest
    yield f"{recording.original}  {escaped(manifest.original_name)}"
    yield f"  SHA-256 {manifest.digests.sha256.hex}"
    yield f"  SM3     {manifest.digests.sm3.hex}"
    stamped = show_in_china(recording.token_time)
    yield f"  时间戳 / time stamp {stamped}, 账本条目 / ledger entry {recording.ledger_index}"
    for each in recording.received_again:
        yield _describe_repeat(each)


def _describe_repeat(repeat: VerifiedRepeat) -> str:
    """The archive's word of what is said otherwise; the words themselves are in the file that was checked."""
    differs = ", ".join(map(escaped, repeat.differs)) or "无 / nothing"
    said = "" if repeat.original_name is None else f" {escaped(repeat.original_name)}, 与先前不同 / differs: {differs},"
    when = show_in_china(repeat.entered_at)
    return f"  再次收到 / received again {when}{said} 账本条目 / ledger entry {repeat.ledger_index}"


def _recording_form(recording: VerifiedRecording) -> dict[str, Json]:
    manifest = recording.manifest
    return {
        "recording_id": str(manifest.recording_id),
        "original": recording.original,
        "proxy": recording.proxy,
        "original_name": manifest.original_name,
        "media_state": manifest.media_state,
        "size_bytes": manifest.digests.size_bytes,
        "sha256": manifest.digests.sha256.hex,
        "sm3": manifest.digests.sm3.hex,
        "token_time": format_instant(recording.token_time),
        "ledger_index": recording.ledger_index,
        "received_again": [_repeat_form(each) for each in recording.received_again],
    }


def _repeat_form(repeat: VerifiedRepeat) -> dict[str, Json]:
    return {
        "upload_id": repeat.upload_id,
        "entered_at": format_instant(repeat.entered_at),
        "differs": repeat.differs,
        "original_name": repeat.original_name,
        "claims": repeat.claims,
        "ledger_index": repeat.ledger_index,
    }


def _describe_key(key: UsedKey) -> Iterator[str]:
    """Which key signed, since when it does by which entry, and whether somebody handed it over."""
    yield f"{ROLE_WORDS[key.role]}由第 {key.epoch} 期密钥签名 / {key.role} key, epoch {key.epoch}: {key.key_id}"
    if key.activation is None:
        yield (
            "  何时启用，包内没有条目（由早先的版本导出） / "
            "since when, no entry in here tells: it was exported by an earlier release"
        )
    else:
        since = show_in_china(key.activation.at)
        yield f"  启用 / in force since {since}, 账本条目 / ledger entry {key.activation.index}"
    if key.followed_from is not None:
        yield (
            f"  不在信任文件夹中：依账本自其中第 {key.followed_from} 期密钥起逐期签名接替 / "
            f"not in the trust folder: by the ledger it succeeds the folder's key of epoch {key.followed_from}, "
            "each signed for by the one before it"
        )


def _key_form(key: UsedKey) -> dict[str, Json]:
    activation = key.activation
    return {
        "role": key.role,
        "epoch": key.epoch,
        "key_id": key.key_id,
        "followed_from": key.followed_from,
        "active_since": None if activation is None else format_instant(activation.at),
        "ledger_index": None if activation is None else activation.index,
    }


def _describe_document(document: VerifiedDocument) -> Iterator[str]:
    note = document.note
    withdrawn = "  已作废 / WITHDRAWN" if note.state == "withdrawn" else ""
    yield f"{document.path}  {escaped(note.title)} {escaped(note.number or '')}{withdrawn}"
    yield f"  SHA-256 {document.sha256.hex}, 账本条目 / ledger entry {document.ledger_index}"
    if document.seal is not None:
        yield f"  电子签章有效 / the seal holds: {escaped(document.seal)}"


def _document_form(document: VerifiedDocument) -> dict[str, Json]:
    note = document.note
    return {
        "document_id": str(note.document_id),
        "path": document.path,
        "kind": note.kind,
        "title": note.title,
        "number": note.number,
        "state": note.state,
        "sha256": document.sha256.hex,
        "seal": document.seal,
        "ledger_index": document.ledger_index,
    }


def _fingerprint_form(each: Fingerprint) -> dict[str, Json]:
    return {"kind": each.kind, "label": each.label, "sha256": each.sha256}


def _listed(trust: Trust) -> str:
    return "; ".join(f"{escaped(each.title)} {each.sha256}" for each in fingerprints(trust))
