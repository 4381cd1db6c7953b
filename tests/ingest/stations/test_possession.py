"""A key's proof is one by that key for that purpose, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from ingest.stations.errors import SignatureRefused, StationKeyUnproven
from ingest.stations.possession import check_possession, prove_possession
from integrity.keys import SigningKey

KEY, CODE = SigningKey.generate(), "ABCDE-FGHJK-MNPQR-STUVW"
PROOF = prove_possession(KEY, CODE)


def test_a_proof_holds_for_its_key_and_purpose_and_one_there_has_to_be() -> None:
    check_possession(PROOF, KEY.public, CODE)
    check_possession(f" {PROOF} ", KEY.public, CODE)
    with pytest.raises(StationKeyUnproven):
        check_possession(None, KEY.public, CODE)


@pytest.mark.parametrize(
    "proof",
    ["", ":", "::", "x", "\xe9", ":AAAA:", f":{PROOF}", prove_possession(SigningKey.generate(), CODE)],
    ids=["empty", "colon", "colons", "letter", "no-ascii", "short", "colon-more", "anothers"],
)
def test_what_is_no_proof_by_this_key_is_refused(proof: str) -> None:
    with pytest.raises(SignatureRefused):
        check_possession(proof, KEY.public, CODE)


@pytest.mark.parametrize("purpose", ["", CODE.lower(), "0f9c4a3e-0000-4000-8000-000000000000"])
def test_a_proof_for_another_purpose_is_refused(purpose: str) -> None:
    with pytest.raises(SignatureRefused):
        check_possession(PROOF, KEY.public, purpose)
