"""The messages of RFC 3161 as values: what a request asks, what a reply says.

Words are the RFC's. Nothing here knows keys or sockets; both sides of the wire, `timestamp` and `authority`, use it,
and it is the only place where the ASN.1 of these messages is taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from asn1crypto import core, tsp

from integrity.errors import MalformedEvidence

GRANTED = 0
REJECTION = 2

# RFC 3161, section 2.4.2. The names are asn1crypto's, the bits the RFC's.
BAD_ALG = "bad_alg"
BAD_DATA_FORMAT = "bad_data_format"
TIME_NOT_AVAILABLE = "time_not_available"
UNACCEPTED_POLICY = "unaccepted_policy"
UNACCEPTED_EXTENSIONS = "unaccepted_extensions"

# What broken ASN.1 makes asn1crypto raise, depending on where it is broken.
_BROKEN_ASN1 = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


class _Reply(core.Sequence):  # type: ignore[misc]
    """TimeStampResp. asn1crypto's own insists on a token, which a refusal does not have."""

    _fields: ClassVar[list[tuple[Any, ...]]] = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", tsp.ContentInfo, {"optional": True}),
    ]


def _set_up(kind: type[core.Asn1Value]) -> None:
    """asn1crypto completes a class when it is first used. Two threads that use it first complete it twice, and from
    then on nothing of that class can be read in this process: so all of them are used here, by one."""
    try:
        kind()
    except (TypeError, ValueError):
        pass  # What has no empty value is complete all the same.
    for narrower in kind.__subclasses__():
        _set_up(narrower)


_set_up(core.Asn1Value)


@dataclass(frozen=True)
class TimestampRequest:
    """TimeStampReq. `imprint_der` is the whole MessageImprint, because a reply repeats it to the byte."""

    imprint_algorithm: str
    imprint: bytes
    imprint_der: bytes
    policy: str | None
    nonce: int | None
    wants_certificate: bool
    has_extensions: bool


@dataclass(frozen=True)
class TimestampReply:
    """TimeStampResp. `reason` joins the authority's own words and its failure codes; `info` is there when granted."""

    status: int
    reason: str
    info: TimestampInfo | None


@dataclass(frozen=True)
class TimestampInfo:
    """What a token says (TSTInfo), before anybody has checked who says so."""

    policy: str
    imprint_algorithm: str
    imprint: bytes
    serial: int
    gen_time: datetime
    nonce: int | None


def encode_request(imprint: bytes, nonce: int) -> bytes:
    """A request for a token over the SHA-256 digest `imprint`, with the authority's certificate in it."""
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
            "nonce": nonce,
            "cert_req": True,
        }
    )
    return bytes(request.dump())


def parse_request(der: bytes) -> TimestampRequest:
    """Take a request apart. Raises MalformedEvidence unless the whole of `der` is one request of version 1."""
    try:
        request = tsp.TimeStampReq.load(der, strict=True)
        if request["version"].native != "v1":
            raise ValueError("version is not 1")
        imprint = request["message_imprint"]
        return TimestampRequest(
            imprint_algorithm=str(imprint["hash_algorithm"]["algorithm"].native),
            imprint=bytes(imprint["hashed_message"].native),
            # Forced: asn1crypto reads lazily, and what is broken inside must fail here, not while the token is made.
            imprint_der=bytes(imprint.dump(force=True)),
            policy=_dotted(request["req_policy"]),
            nonce=request["nonce"].native,
            wants_certificate=bool(request["cert_req"].native),
            has_extensions=bool(request["extensions"].native),
        )
    except _BROKEN_ASN1 as error:
        raise MalformedEvidence("time stamp request", str(error)) from error


def parse_reply(der: bytes) -> TimestampReply:
    """Take a reply apart. Raises MalformedEvidence unless the whole of `der` is one reply."""
    try:
        reply = _Reply.load(der, strict=True)
        status = int(reply["status"]["status"])
        granted = status == GRANTED
        return TimestampReply(status, _reason(reply["status"]), _parse_info(reply) if granted else None)
    except _BROKEN_ASN1 as error:
        raise MalformedEvidence("time stamp reply", str(error)) from error


def encode_refusal(failure: str, text: str) -> bytes:
    """A reply that says no: status `rejection`, one failure code, and words for whoever reads the log."""
    status = {"status": REJECTION, "status_string": [text], "fail_info": {failure}}
    return bytes(_Reply({"status": status}).dump())


def encode_grant(token: object) -> bytes:
    """A reply that carries `token`, a CMS ContentInfo."""
    return bytes(tsp.TimeStampResp({"status": {"status": GRANTED}, "time_stamp_token": token}).dump())


def _parse_info(reply: core.Sequence) -> TimestampInfo:
    info = reply["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise TypeError("a granted reply holds no TSTInfo")
    imprint = info["message_imprint"]
    return TimestampInfo(
        policy=info["policy"].dotted,
        imprint_algorithm=str(imprint["hash_algorithm"]["algorithm"].native),
        imprint=bytes(imprint["hashed_message"].native),
        serial=int(info["serial_number"].native),
        gen_time=info["gen_time"].native,
        nonce=info["nonce"].native,
    )


def _reason(status: core.Sequence) -> str:
    words = [str(word) for word in status["status_string"].native or ()]
    words += sorted(str(code) for code in status["fail_info"].native or ())
    return "; ".join(words) or "no reason given"


def _dotted(policy: core.Asn1Value) -> str | None:
    return policy.dotted if isinstance(policy, core.ObjectIdentifier) else None
