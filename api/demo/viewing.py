"""Seeing footage: refused without a grant, asked for, not approved by oneself, approved, and then watched."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from api.demo.client import ApiClient, Facts
from api.demo.errors import require
from api.demo.narration import Narrator
from api.demo.waiting import wait_for
from ingest.media.findings import Findings
from integrity.local_time import show_written
from storage.catalog.recordings import DECODING

_SPAN_BYTES = 1 << 20
_ENTRY_SECONDS = 30.0
_HOURS = 8
KINDS = {"view": "查看", "copy": "复制"}
Probe = Callable[[Path], Findings]


def see_refusal(asker: ApiClient, auditor: ApiClient, recording: Facts, narrator: Narrator) -> bool:
    """Ask for bytes without a grant: refused with 403, and entered into the ledger. True when both were seen."""
    path = f"/api/v1/recordings/{recording['id']}/renditions/proxy"
    problem = asker.refused("GET", path, 403, headers={"Range": "bytes=0-1023"})
    require(problem.get("reason") == "no_grant", "拒绝原因是没有授权", "it is refused for want of a grant")
    narrator.held(
        f"{asker.name}请求播放被拒：HTTP {problem['status']}，{problem['detail']}",
        f"playback refused: HTTP {problem['status']}, {problem['reason']}",
    )
    entry = _wait_for_entry(auditor, "access.denied", str(recording["id"]))
    narrator.held(f"拒绝已记入账本，序号 {entry['index']}", f"the refusal is ledger entry {entry['index']}")
    narrator.quote(json.dumps(entry["entry"], ensure_ascii=False, indent=2).splitlines())
    return True


def get_grant(
    asker: ApiClient,
    approver: ApiClient,
    case_id: str,
    kind: str,
    purpose: str,
    narrator: Narrator,
    originals_for: str | None = None,
) -> str:
    """Ask for access, be refused one's own approval, have it approved by somebody else. The grant's id.

    `originals_for`: why the originals are needed; whoever approves has to consent to that, with a reason of his own."""
    needed = {} if originals_for is None else {"unredacted_reason": originals_for}
    request = asker.post("/api/v1/requests", {"case_id": case_id, "kind": kind, "purpose": purpose, **needed})
    narrator.say(f"{asker.name}申请{KINDS[kind]}，用途：{purpose}", f"a request to {kind} states purpose and case")
    path = f"/api/v1/requests/{request['id']}/approve"
    problem = asker.refused("POST", path, 403, json={"hours": _HOURS})
    require(str(problem["type"]).endswith(":own-request"), "不能批准自己的申请", "nobody approves his own request")
    narrator.held(f"自己批准自己：{problem['detail']}", "approving one's own request is refused")
    if originals_for is not None:
        problem = approver.refused("POST", path, 422, json={"hours": _HOURS})
        narrator.held(f"未明确同意提供原件：{problem['detail']}", "without consent to the originals it is not approved")
    consent = {} if originals_for is None else {"consent_reason": "依法院要求，同意提供未遮蔽的原件"}
    grant = approver.post(path, {"hours": _HOURS, **consent})
    narrator.held(
        f"{approver.name}批准，到期 {show_written(grant['expires_at'])}",
        f"somebody else approves; it ends after {_HOURS} hours",
    )
    return str(grant["id"])


def see_original_kept(viewer: ApiClient, recording: Facts, narrator: Narrator) -> None:
    """A grant to view brings no original: that takes the consent of whoever approves a copy."""
    problem = viewer.refused("GET", f"/api/v1/recordings/{recording['id']}/original", 403)
    require(problem.get("reason") == "consent_needed", "查看授权不能取得原件", "a view brings no original")
    narrator.held(f"凭查看授权下载原件：{problem['detail']}", "under a grant to view, the original is refused")


def fetch_original(viewer: ApiClient, recording: Facts, original: Path, narrator: Narrator) -> None:
    """Fetch the first, the middle and the last bytes as ranges and compare them with the file on the card."""
    spans = choose_spans(int(recording["size_bytes"]))
    with original.open("rb") as file:
        for first, last in spans:
            file.seek(first)
            fetched = viewer.fetch_span(f"/api/v1/recordings/{recording['id']}/original", first, last)
            same = fetched == file.read(last - first + 1)
            require(same, f"字节 {first}–{last} 与原件一致", f"bytes {first} to {last} are those of the original")
            narrator.held(f"206，字节 {first:,}–{last:,} 与原件一致", "206, the same bytes as in the original")


def choose_spans(size_bytes: int) -> Sequence[tuple[int, int]]:
    """First and last byte of up to three spans: beginning, middle, end."""
    length = min(_SPAN_BYTES, size_bytes)
    begins = sorted({0, (size_bytes - length) // 2, size_bytes - length})
    return [(begin, begin + length - 1) for begin in begins]


def try_to_play(viewer: ApiClient, recording: Facts, probe: Probe, scratch: Path) -> bool:
    """Whether there is a copy to be seen that was fetched under the grant and opens: a proxy, or of stills a poster."""
    for name in ("proxy", "poster"):
        target = scratch / name
        if viewer.download(f"/api/v1/recordings/{recording['id']}/renditions/{name}", target):
            found = probe(target)
            target.unlink()
            return found.state != "unreadable" and found.kind != "none"
    return False


def wait_for_copies(viewer: ApiClient, ids: Sequence[str], narrator: Narrator, seconds: float) -> Mapping[str, Facts]:
    """Each recording as the archive knows it, once no copy is left to be made of it; `seconds` are for each one."""

    def settled(recording_id: str) -> Facts | None:
        found = viewer.get(f"/api/v1/recordings/{recording_id}")
        owed = [job["kind"] for job in found["media_jobs"] if job["state"] == "due"]
        return None if set(owed) - {DECODING} else found

    what = ("制作播放副本", "playable copies are made")
    found = {each: wait_for(partial(settled, each), *what, seconds) for each in ids}
    made = sum(len(each["copies"]) for each in found.values())
    narrator.held(f"播放副本已备好：{made} 份", f"{made} playable copies are ready")
    return found


def _wait_for_entry(auditor: ApiClient, action: str, subject_id: str) -> Facts:
    """The latest such entry that has its place in the ledger."""

    def find() -> Facts | None:
        entries = auditor.items("/api/v1/ledger/entries", action=action, subject=subject_id)
        return next(iter(entries), None)

    return wait_for(find, f"账本条目 {action}", f"the entry {action} gets its place", _ENTRY_SECONDS)
