"""The private keys of seals, in the key folder and nowhere else: neither the database nor its backups ever see one.

    <folder>/               0700
      root-key.pem          0600, of the root that issues the archive's own seals; root.pem beside it
      <seal id>.pem         0600, PKCS #8, one a seal
      lock                  held while the root is made

A file is there whole or not at all, and is never written over. One whose seal was never registered, because the power
failed in between, signs nothing: a seal is found by its row.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from integrity.seal_certificates import SealPrivateKey, make_seal_root, new_seal_key
from storage import key_files
from storage.key_errors import KeyMissing, KeyStoreDamaged


@dataclass(frozen=True)
class SealKeys:
    """The keys in `folder`, which is made when it is first written to.

    Raises KeyMissing, KeyExposed, KeyStoreDamaged, KeyStoreUnusable.
    """

    folder: Path

    def keep(self, seal_id: uuid.UUID, key: SealPrivateKey) -> None:
        """Durable on return."""
        self._make_folder()
        with key_files.disk_errors(self._path(seal_id)):
            key_files.write_private(self._path(seal_id), _pem(key))

    def load(self, seal_id: uuid.UUID) -> SealPrivateKey:
        return self._read_key(self._path(seal_id))

    def root(self, now: datetime) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
        """The root that issues the archive's own seals; made when it is first asked for."""
        self._make_folder()
        key_path, path = self.folder / "root-key.pem", self.folder / "root.pem"
        with key_files.locked(self.folder / "lock"), key_files.disk_errors(path):
            if not path.exists():
                key = new_seal_key()
                # What a crash left of a first try: a key without its certificate, which has issued nothing.
                key_path.unlink(missing_ok=True)
                key_files.write_private(key_path, _pem(key))
                key_files.write_private(path, make_seal_root(key, now).public_bytes(Encoding.PEM))
        root_key = self._read_key(key_path)
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError as error:
            raise KeyStoreDamaged(str(path), "it is no certificate") from error
        if not isinstance(root_key, rsa.RSAPrivateKey) or certificate.public_key() != root_key.public_key():
            raise KeyStoreDamaged(str(key_path), "it is not the key of root.pem beside it")
        return certificate, root_key

    def _path(self, seal_id: uuid.UUID) -> Path:
        return self.folder / f"{seal_id}.pem"

    def _make_folder(self) -> None:
        with key_files.disk_errors(self.folder):
            key_files.make_private_folder(self.folder, self.folder.parent)

    def _read_key(self, path: Path) -> SealPrivateKey:
        with key_files.disk_errors(path):
            content = key_files.read_private(path)
        if content is None:
            raise KeyMissing(str(self.folder), path.stem)
        try:
            key = load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise KeyStoreDamaged(str(path), "it is no private key") from error
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise KeyStoreDamaged(str(path), "it is neither an RSA nor an ECDSA key")
        return key


def _pem(key: SealPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
