"""BagIt 1.0 (RFC 8493), the little of it that is needed: a declaration, some information, two lists of SHA-256 digests.

Both lists pass `sha256sum -c`. They are made from digests alone and in one spelling, so that a checker can make them
again and compare bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from integrity.digest import Digest
from integrity.errors import MalformedEvidence
from integrity.package.layout import TAG_LIST, is_payload

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


def describe_bag(package_id: UUID, created_at: datetime, payload_sizes_bytes: Iterable[int]) -> bytes:
    """bag-info.txt. Payload-Oxum (octets and streams) shows a cut-off transfer before a single digest is computed."""
    sizes_bytes = list(payload_sizes_bytes)
    lines = (
        f"Bagging-Date: {created_at.astimezone(UTC).date().isoformat()}",
        f"External-Identifier: urn:uuid:{package_id}",
        f"Payload-Oxum: {sum(sizes_bytes)}.{len(sizes_bytes)}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def list_payload(digests: Mapping[str, Digest]) -> bytes:
    """manifest-sha256.txt: every file under data/."""
    return _list_digests({path: digest for path, digest in digests.items() if is_payload(path)})


def list_tags(digests: Mapping[str, Digest]) -> bytes:
    """tagmanifest-sha256.txt: every file that is not under data/, except this list."""
    return _list_digests({p: digest for p, digest in digests.items() if not is_payload(p) and p != TAG_LIST})


def parse_list(content: bytes, path: str) -> Mapping[str, Digest]:
    """Read one of the two lists, which lies at `path`. Raises MalformedEvidence."""
    listed: dict[str, Digest] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in listed:
            raise MalformedEvidence(path, f"line {number} is not one digest and one new name")
        listed[match[2]] = Digest.parse("sha256", match[1])
    return listed


def _list_digests(digests: Mapping[str, Digest]) -> bytes:
    return "".join(f"{digests[path].hex}  {path}\n" for path in sorted(digests)).encode()
