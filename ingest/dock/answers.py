"""What the archive's answers mean for the agent: wait, begin anew, leave the file, or stop."""

from __future__ import annotations

import http
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.dock.clock import read_http_date
from ingest.dock.errors import StationRefused, TransferRefused, TryAgain
from ingest.dock.words import Words

_MAX_RETRY_AFTER_SECONDS = 300.0
_STATUSES = {status.value: status.phrase for status in http.HTTPStatus}

UNREADABLE = Words("the archive answers what cannot be read", "档案系统的应答无法读取")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def problem(self) -> str:
        """The last part of a problem document's type (RFC 9457), empty when it is none."""
        return str(_members_of(self).get("type", "")).rpartition(":")[2]


def failure_of(reply: Reply) -> str:
    """Why an upload was not sealed: the archive's own word for it, empty where it gives none."""
    return str(_members_of(reply).get("failure", ""))


def state_of(reply: Reply) -> str:
    """How far the archive says an upload is, of which there is no receipt yet; empty where it does not say."""
    return str(_members_of(reply).get("state", ""))


def meaning_of(reply: Reply) -> Exception:
    """A refusal as an error. TryAgain stands for what time may heal: 408, 409, 423, 425, 429, 460, any 5xx."""
    detail = detail_of(reply)
    if reply.status in (401, 403):
        return StationRefused(reply.status, detail)
    if reply.status in (408, 409, 423, 425, 429, 460) or reply.status >= 500:
        words = Words(f"HTTP {reply.status}: {detail.en}", f"HTTP {reply.status}：{detail.zh}")
        return TryAgain(words, retry_after_of(reply), is_away=reply.status >= 500)
    return TransferRefused(reply.status, detail)


def detail_of(reply: Reply) -> Words:
    """What a problem document (RFC 9457) says, in both languages where it is ours; else the status in words."""
    members = _members_of(reply)
    sentences = members.get("sentences")
    plain = members.get("detail") or members.get("title") or _STATUSES.get(reply.status, "?")
    if not isinstance(sentences, dict):
        sentences = {}
    return Words(_one_line(sentences.get("en", plain)), _one_line(sentences.get("zh-CN") or f"对方的应答是“{plain}”"))


def what_answers(reply: Reply, asked: str) -> Words:
    """What an answer that is no archive's tells of whoever gave it: that the address is another, or its status. `asked`
    is the path that was asked for below the address.
    """
    place = _one_line(reply.headers.get("location", "")).removesuffix(asked)
    if 300 <= reply.status < 400 and place:
        return Words(f"it points to {place}: give that address", f"它转到 {place}：请改填该地址")
    if reply.succeeded:
        return Words("it answers with something else", "应答的是别的内容")
    if reply.status == 400:
        return Words("HTTP 400: it may take https alone", "HTTP 400，可能只接受 https")
    return Words(f"HTTP {reply.status}", f"HTTP {reply.status}")


def retry_after_of(reply: Reply) -> float:
    """Retry-After in seconds, 0 when there is none to be read: a number, or a date (RFC 9110 section 10.2.3)."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _MAX_RETRY_AFTER_SECONDS)
    due = read_http_date(value)
    if due is None:
        return 0.0
    return max(0.0, min((due - datetime.now(UTC)).total_seconds(), _MAX_RETRY_AFTER_SECONDS))


def offset_of(reply: Reply, least: int, most: int) -> int:
    """Upload-Offset. Raises TryAgain when it is not between the two."""
    value = reply.headers.get("upload-offset", "")
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise TryAgain(
            Words(
                f"the archive answered with the offset {value[:20]!r}, expected {least} to {most}",
                f"档案系统返回的偏移量为 {value[:20]!r}，应在 {least} 与 {most} 之间",
            )
        )
    return int(value)


def read_object(reply: Reply) -> dict[str, Any]:
    """The JSON object in an answer. Raises TryAgain for anything else: it is not the archive that answers."""
    members = _members_of(reply)
    if not members:
        raise TryAgain(Words("the answer is not the archive's", "应答不是档案系统的格式"))
    return members


def _members_of(reply: Reply) -> dict[str, Any]:
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _one_line(text: object) -> str:
    """Up to 500 characters without control characters, for a terminal, and without a stop: a sentence goes on."""
    letters = "".join(letter if letter.isprintable() else " " for letter in str(text)[:500])
    return " ".join(letters.split()).rstrip(".。")
