"""That whoever brings a public key holds its secret half: a signature by that key, bound to what it is brought for.

Without it a station could have another's key enrolled as its own, and what the other signs would then be taken for its
own. Bound to the one-time code or to the station, so that the proof of one is none for another.
"""

from __future__ import annotations

import base64

from ingest.stations.errors import SignatureRefused
from integrity.errors import SignatureInvalid
from integrity.keys import PublicKey, SigningKey

HEADER = "station-key-proof"


def prove_possession(key: SigningKey, bound_to: str) -> str:
    """The header's value. `bound_to` is the one-time code as it is sent, or the station's id."""
    return f":{base64.b64encode(key.sign(_statement(key.key_id, bound_to))).decode()}:"


def check_possession(proof: str | None, key: PublicKey, bound_to: str) -> None:
    """Raises SignatureRefused for a proof that is not of this key and purpose.

    None is what agents of earlier releases send, and other people's: their keys are taken as ever. What they do not
    prove now they prove with their first request; that it is taken for theirs is for each agent to see by its answer.
    """
    if proof is None:
        return
    try:
        signature = base64.b64decode(proof.strip().removeprefix(":").removesuffix(":"), validate=True)
        key.verify(signature, _statement(key.key_id, bound_to), "key proof")
    except (ValueError, SignatureInvalid) as error:
        raise SignatureRefused("the proof is not of this key for this purpose") from error


def _statement(key_id: str, bound_to: str) -> bytes:
    return f"liuhen station key\n{bound_to}\n{key_id}".encode()
