"""What it takes to show a copy, as its entry states it: by digest, since an entry holds no sentence."""

from __future__ import annotations

import hashlib

from integrity.canonical import Json, canonical_json


def digest_of_facts(facts: Json) -> str:
    """Hex SHA-256 of their canonical JSON. Raises MalformedEvidence for what has none."""
    return hashlib.sha256(canonical_json(facts, "facts")).hexdigest()
