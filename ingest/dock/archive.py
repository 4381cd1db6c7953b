"""One station's conversation with one archive: each request, and what each answer means for the agent.

tus 1.0 (core, creation, checksum, termination) under /uploads; receipts, the receipt key, enrolment and reports under
/api/v1. Of the server's Location only an upload's place is taken, its id and the name of its node: requests go to the
address that was typed in, and nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.dock.answers import (
    UNREADABLE,
    Reply,
    detail_of,
    failure_of,
    meaning_of,
    offset_of,
    read_object,
    retry_after_of,
    state_of,
    what_answers,
)
from ingest.dock.clock import ServerClock, read_timestamp
from ingest.dock.connection import Blocks, Connection
from ingest.dock.credential import ReadAgain, StationCredential
from ingest.dock.errors import (
    CustodyFailed,
    EnrolmentRefused,
    KeyNotOurs,
    NoArchiveThere,
    NotSealedYet,
    StationRefused,
    TransferRefused,
    TryAgain,
    UploadGone,
    UploadUnfinished,
)
from ingest.dock.waits import LONGEST_ANSWER_SECONDS
from ingest.dock.words import Words
from ingest.stations.possession import HEADER as KEY_PROOF
from ingest.stations.possession import prove_possession
from ingest.trace_context import TRACEPARENT
from integrity.errors import EvidenceError
from integrity.keys import PublicKey, SigningKey, load_public_key
from storage.node_names import NODE_NAME

_TUS = {"tus-resumable": "1.0.0"}
_PLACE = re.compile(rf"/uploads/((?:{NODE_NAME}/)?[0-9a-f]{{32}})/?$")

_STATION_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RECEIPT_KEY = "/api/v1/keys/receipt"
# Of what every archive has: it lies elsewhere, or this is none.
_NO_SUCH_PLACE = frozenset({301, 302, 303, 307, 308, 404, 405})
_OPEN = "open"
_NO_UPLOAD = Words(
    "the creation was answered without an upload; is this a Liuhen archive?", "对方未返回上传地址，可能不是留痕档案系统"
)
_NOT_SEALED = Words("the archive has not sealed it yet", "档案系统尚未封存完毕")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the archive says to a station whose key it has just taken."""

    station_id: str
    name: str
    receipt_key: str
    ledger_vkey: str


class Archive:
    """Safe to use from several threads. Every request may raise TryAgain or StationRefused, and where nothing has
    answered yet NoArchiveThere.

    TryAgain stands for everything that time may heal: no connection, no whole answer within `answer_seconds`, one that
    cannot be read, 408, 409, 423, 429, 460, any 5xx, a full disk. Once `stop` is set every request raises Interrupted.
    """

    def __init__(
        self,
        url: str,
        credential: StationCredential | None,
        tls: ssl.SSLContext | None = None,
        stop: threading.Event | None = None,
        answer_seconds: float = LONGEST_ANSWER_SECONDS,
        traceparent_of: Callable[[str], str] | None = None,
        read_again: ReadAgain | None = None,
    ) -> None:
        self._url = url
        self._traceparent_of = traceparent_of
        self._connection = Connection(url, credential, tls, stop, answer_seconds, read_again)

    def close(self) -> None:
        """End all connections."""
        self._connection.close()

    @property
    def clock(self) -> ServerClock:
        """What is known of the server's time."""
        return self._connection.clock

    def create_upload(self, size_bytes: int, metadata: Mapping[str, str], creation_key: str) -> str:
        """Open an upload; its place, the same one as long as the key is the same: an answer may be lost.

        Raises TransferRefused when the archive does not want the file.
        """
        headers = {
            "upload-length": str(size_bytes),
            "upload-metadata": encode_metadata(metadata),
            "idempotency-key": f'"{creation_key}"',
        }
        reply = self._exchange("POST", "/uploads", headers)
        place = _PLACE.search(reply.headers.get("location", ""))
        if reply.status != 201 or place is None:
            raise TransferRefused(reply.status, _NO_UPLOAD)
        return place[1]

    def read_offset(self, place: str, size_bytes: int) -> int:
        """How many bytes the archive has, durably. Raises UploadGone, also when the upload is of another size."""
        reply = self._exchange("HEAD", f"/uploads/{place}", {}, place)
        if reply.headers.get("upload-length") != str(size_bytes):
            raise UploadGone(_id_of(place))
        return offset_of(reply, 0, size_bytes)

    def append_bytes(self, place: str, offset: int, piece: bytes, blocks: Blocks) -> int:
        """Send `piece` at `offset`, in `blocks`; the offset that the archive acknowledged. Raises UploadGone, and
        TryAgain where it took nothing: what is sent again at once would be sent for ever.

        What `blocks` raises comes through unchanged; the archive may keep what arrived.
        """
        headers = {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        reply = self._exchange("PATCH", f"/uploads/{place}", headers, place, piece, blocks)
        return offset_of(reply, offset + 1, offset + len(piece))

    def end_upload(self, place: str) -> None:
        """Give up an unfinished upload, so that the room it reserved is free again."""
        self._exchange("DELETE", f"/uploads/{place}", {}, place)

    def read_receipt(self, upload_id: str) -> bytes:
        """The receipt's envelope. Raises TryAgain while it is not made yet, UploadGone, CustodyFailed, or, where the
        archive has not taken all of its bytes, UploadUnfinished.
        """
        reply = self._connection.request("GET", f"/api/v1/uploads/{upload_id}/receipt", self._traced(upload_id))
        if reply.status == 200:
            return reply.body
        if reply.status in (409, 422):
            raise CustodyFailed(upload_id, detail_of(reply), failure_of(reply))
        if reply.status == 202 and state_of(reply) == _OPEN:
            raise UploadUnfinished(upload_id)
        if reply.status == 202 or (reply.status == 404 and "retry-after" in reply.headers):
            raise NotSealedYet(_NOT_SEALED, retry_after_of(reply))
        if reply.status in (404, 410):
            raise UploadGone(upload_id)
        raise meaning_of(reply)

    def read_receipt_key(self) -> PublicKey:
        """The public key that this server says signs its receipts: believed only when it is the pinned one.

        Asked for without the credential: anybody may read it, and nothing is known of who answers yet. Raises
        NoArchiveThere for any other answer, TryAgain.
        """
        reply = self._connection.ask("GET", _RECEIPT_KEY)
        if not reply.succeeded:
            meaning = meaning_of(reply)
            raise meaning if isinstance(meaning, TryAgain) else self._no_archive(reply, _RECEIPT_KEY)
        try:
            return load_public_key(reply.body)
        except EvidenceError as error:
            raise self._no_archive(reply, _RECEIPT_KEY) from error

    def read_receipt_successions(self) -> bytes:
        """How keys that sign receipts succeeded one another here, for whoever knows one of them. Asked for as the key
        is. Raises TransferRefused by an archive of an earlier release."""
        reply = self._connection.ask("GET", "/api/v1/keys/receipt/successions")
        if reply.succeeded:
            return reply.body
        raise meaning_of(reply)

    def send_report(self, report: Mapping[str, object]) -> None:
        """Say how the station is, and measure the server's clock by the answer.

        Raises TransferRefused by an archive that takes no reports.
        """
        sent_at = time.monotonic()
        reply = self._post_json("/api/v1/station-reports", report)
        received_at = time.monotonic()
        if not reply.succeeded:
            raise meaning_of(reply)
        said = read_object(reply).get("server_time")
        if said is None:
            return
        server_time = read_timestamp(str(said))
        if server_time is None or not self.clock.learn(sent_at, received_at, server_time):
            raise TryAgain(UNREADABLE)

    def enrol_key(self, code: str, key: SigningKey) -> Enrolled:
        """Have our key enrolled for a one-time code. Raises EnrolmentRefused, TryAgain."""
        form = json.dumps({"code": code, "public_key": key.public.raw.hex()}).encode()
        reply = self._connection.tell("/api/v1/station-enrolments", form, {KEY_PROOF: prove_possession(key, code)})
        if reply.succeeded:
            return _enrolled(reply)
        meaning = meaning_of(reply)
        # 409 is no race here: this key or this code was used, and waiting changes nothing.
        if isinstance(meaning, TryAgain) and reply.status != 409:
            raise meaning
        raise EnrolmentRefused(reply.status, detail_of(reply))

    def replace_key(self, key: SigningKey, station_id: str) -> None:
        """Have this station go by `key` from now on.

        Raises KeyNotOurs when the key is known there and not as this station's, StationRefused, EnrolmentRefused.
        """
        self._bring_key(key, station_id, {KEY_PROOF: prove_possession(key, station_id)})

    def confirm_key(self, key: SigningKey, station_id: str) -> None:
        """Signed with `key` itself, which proves it: that it is this station's already, as the archive says by naming
        us. Raises as `replace_key`.
        """
        self._bring_key(key, station_id, {})

    def _bring_key(self, key: SigningKey, station_id: str, proof: Mapping[str, str]) -> None:
        reply = self._post_json("/api/v1/station-keys", {"public_key": key.public.raw.hex()}, proof)
        if reply.succeeded:
            if (found := _enrolled(reply).station_id) != station_id:
                raise KeyNotOurs(key.key_id, found)
            return
        if reply.status == 409 and reply.problem == "key-taken":
            raise KeyNotOurs(key.key_id)
        if reply.status == 409:
            raise StationRefused(reply.status, detail_of(reply))
        if reply.status in _NO_SUCH_PLACE:
            raise self._no_archive(reply, "/api/v1/station-keys")
        meaning = meaning_of(reply)
        raise EnrolmentRefused(reply.status, detail_of(reply)) if isinstance(meaning, TransferRefused) else meaning

    def _post_json(self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
        body = json.dumps(document).encode()
        return self._connection.request("POST", path, {"content-type": "application/json", **(headers or {})}, body)

    def _traced(self, upload_id: str) -> dict[str, str]:
        return {} if self._traceparent_of is None else {TRACEPARENT: self._traceparent_of(upload_id)}

    def _exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        place: str = "",
        body: bytes | None = None,
        blocks: Blocks | None = None,
    ) -> Reply:
        traced = self._traced(_id_of(place)) if place else {}
        reply = self._connection.request(method, path, {**_TUS, **headers, **traced}, body, blocks)
        if reply.succeeded:
            return reply
        if reply.status in (404, 410) and place:
            raise UploadGone(_id_of(place))
        raise meaning_of(reply)

    def _no_archive(self, reply: Reply, asked: str) -> NoArchiveThere:
        return NoArchiveThere(self._url, what_answers(reply, asked))


def _id_of(place: str) -> str:
    return place.rpartition("/")[2]


def encode_metadata(metadata: Mapping[str, str]) -> str:
    """Upload-Metadata as tus writes it: key, space, base64; pairs joined by commas.

    A file name that is not UTF-8 goes byte for byte, for the archive to make what it can of it.
    """
    raw = {key: value.encode("utf-8", "surrogateescape") for key, value in metadata.items()}
    return ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in raw.items())


def _enrolled(reply: Reply) -> Enrolled:
    said = read_object(reply)
    try:
        enrolled = Enrolled(
            str(said["station_id"]), str(said["name"]), str(said["receipt_key"]), str(said.get("ledger_vkey", ""))
        )
    except KeyError as error:
        raise TryAgain(Words(f"the answer lacks {error}", f"应答中缺少 {error}")) from error
    # They are kept in a file and shown: whatever does not read like an archive's is not.
    if not (_STATION_ID.fullmatch(enrolled.station_id) and f"{enrolled.name}{enrolled.ledger_vkey}".isprintable()):
        raise TryAgain(UNREADABLE)
    return enrolled
