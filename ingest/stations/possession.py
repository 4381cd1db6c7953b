"""That whoever brings a public key holds its secret half: a signature by that key, bound to what it is brought for.

Without it whoever has a station could have another's new key enrolled as his own, as it goes by on a line that he
listens to, and what the other signs would then be taken for his. Bound to the one-time code or to the station, so that
the proof of one is none for another.
"""

from __future__ import annotations

import base64

from ingest.stations.errors import SignatureRefused, StationKeyUnproven
from integrity.errors import SignatureInvalid
from integrity.keys import PublicKey, SigningKey

HEADER = "station-key-proof"


def prove_possession(key: SigningKey, bound_to: str) -> str:
    """The header's value. `bound_to` is the one-time code as it is sent, or the station's id."""
    return f":{base64.b64encode(key.sign(_statement(key.key_id, bound_to))).decode()}:"


def check_possession(proof: str | None, key: PublicKey, bound_to: str) -> None:
    """Raises SignatureRefused for a proof that is not of this key and purpose, StationKeyUnproven for None.

    None is also what agents of earlier releases send. A key that is in use goes on; for a new one they are to be
    brought up to date: whoever wants another's key would leave the proof out as well.
    """
    if proof is None:
        raise StationKeyUnproven(key.key_id)
    try:
        signature = base64.b64decode(proof.strip().removeprefix(":").removesuffix(":"), validate=True)
        key.verify(signature, _statement(key.key_id, bound_to), "key proof")
    except (ValueError, SignatureInvalid) as error:
        raise SignatureRefused("the proof is not of this key for this purpose") from error


def _statement(key_id: str, bound_to: str) -> bytes:
    return f"liuhen station key\n{bound_to}\n{key_id}".encode()
