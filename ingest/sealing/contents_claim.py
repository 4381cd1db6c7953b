"""What the tools saw in a file, as the archive's own word in the manifest: what kind it is, how long it runs, and the
digest of all findings, which the row keeps.

Coverage of an act, gaps and segments are counted by a recording's length, and lists by its kind: whoever changes either
in the database is found out by what was signed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim, Claims

KIND: Final = "contents"
SOURCE: Final = "probe"


def state_contents(said: Claims, found: Findings) -> Claims:
    """The claims, and one `contents`: nobody else's word counts for it."""
    claim = Claim(KIND, contents_of(found.as_facts()), f"{SOURCE}:{found.tool} {found.tool_version}", "stated")
    return said._replace(stated=(*(each for each in said.stated if each.kind != KIND), claim))


def contents_of(facts: Mapping[str, Any]) -> dict[str, str | float]:
    """The claim's value, of findings as the row keeps them. `seconds` is missing where nothing says how long it is."""
    seconds = facts.get("duration_seconds")
    length = {} if seconds is None else {"seconds": seconds}
    return {"kind": str(facts.get("kind", "none")), **length, "findings_sha256": digest_of_findings(facts)}


def digest_of_findings(facts: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the findings as JSON: names sorted, ASCII, no white space, whole numbers without a fraction.

    Not RFC 8785: a file may declare 2^63 bytes. The database keeps numbers as decimals, so 1e+16 comes back as a whole
    number, and minus nothing as nothing.
    """
    text = json.dumps(_as_kept(facts), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _as_kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _as_kept(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_kept(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    return value
