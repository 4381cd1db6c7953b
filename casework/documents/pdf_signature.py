"""The signature of a seal, appended to a PDF (PAdES, ETSI EN 319 142-1), time-stamped where an authority is."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from casework.documents.sealing import ToSeal
from integrity.seal_certificates import SealPrivateKey

Stamp = Callable[[bytes], bytes]
"""What answers an RFC 3161 request, both in DER. Raises integrity's TimestampError."""
FIELD: Final = "Seal"
# asn1crypto completes its classes when they are first used, and two threads at once complete them wrongly.
_ONE_AT_A_TIME: Final = threading.Lock()


def sign_pdf(prepared: ToSeal, key: SealPrivateKey, stamp: Stamp | None) -> bytes:
    """The final document with the seal's signature behind it. It certifies: nothing may be changed afterwards.

    Raises what `stamp` raises.
    """
    with _ONE_AT_A_TIME:
        return _sign(prepared, key, stamp)


def _sign(prepared: ToSeal, key: SealPrivateKey, stamp: Stamp | None) -> bytes:
    # Only who seals needs it, and it takes half a second to import.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers, timestamps
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class Stamper(timestamps.TimeStamper):
        """Asks whom the archive asks, as the archive asks."""

        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            assert stamp is not None
            return tsp.TimeStampResp.load(stamp(req.dump()))

    store: Any = SimpleCertificateStore
    registry = store.from_certs(_certificates(prepared.chain))
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(prepared.certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=registry,
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=prepared.seal_name,
        reason=prepared.title,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    stamper: Any = Stamper
    signing = signers.PdfSigner(metadata, signer=signer, timestamper=None if stamp is None else stamper())
    output = signing.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(prepared.pdf)), in_place=False)
    return bytes(output.getvalue())


def _certificates(chain: str) -> list[asn1_x509.Certificate]:
    return (
        [asn1_x509.Certificate.load(der) for _, _, der in pem.unarmor(chain.encode(), multiple=True)] if chain else []
    )
