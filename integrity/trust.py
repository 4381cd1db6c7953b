"""The trust folder (信任材料): what is handed over before any evidence is, so that evidence cannot bring its own keys.

Format: docs/formats/trust.md. One `trust.json` says what is pinned; beside it lie the keys in the forms openssl, cosign
and the C2SP tools read. Every file is held against `trust.json`. A file it does not name is never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.checkpoint import Vkey, parse_vkey
from integrity.digest import Digest, require_digest
from integrity.durable_files import FolderExists, new_folder, write_durably
from integrity.epoch_keys import EpochKey, public_keys
from integrity.errors import EvidenceContradiction, MalformedEvidence, TrustExists, TrustIncomplete
from integrity.fields import Fields
from integrity.keys import PublicKey, load_public_key
from integrity.timestamp import TimestampTrust, certificate_fingerprint

VERSION = 1
WITH_SEALS = 2
"""The version of a trust folder that pins seals of documents; one without any is of version 1, as before there were."""
STATEMENT_NAME = "trust.json"
LEDGER_NAME = "ledger.vkey"
ROOTS_NAME = "tsa-roots.pem"
SEALS_NAME = "seals.pem"
ROLES = ("manifest", "receipt", "package")
FILE_LIMIT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Everything that is pinned. Each tuple of keys is in the order of epochs; `seals` are those of the units that seal
    documents, in the order in which they were registered."""

    manifest_keys: tuple[EpochKey, ...]
    receipt_keys: tuple[EpochKey, ...]
    package_keys: tuple[EpochKey, ...]
    ledger_vkey: str
    timestamp_trust: TimestampTrust
    seals: tuple[x509.Certificate, ...] = ()

    def keys_for(self, role: str) -> tuple[EpochKey, ...]:
        """The keys of one of ROLES."""
        return {"manifest": self.manifest_keys, "receipt": self.receipt_keys, "package": self.package_keys}[role]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 of one pinned thing, for a person to compare. `kind`: one of ROLES, "ledger", "tsa_root", "tsa", "seal".

    `label` tells several of a kind apart: an epoch, the ledger's name, a number.
    """

    kind: str
    label: str
    sha256: str

    @property
    def title(self) -> str:
        """What it is the fingerprint of, for a person."""
        return f"{_TITLES[self.kind]} {self.label}"


_TITLES: Mapping[str, str] = {
    "manifest": "清单密钥 / manifest key, epoch",
    "receipt": "回执密钥 / receipt key, epoch",
    "package": "证据包密钥 / package key, epoch",
    "ledger": "账本密钥 / ledger key of",
    "tsa_root": "时间戳根证书 / time stamp root",
    "tsa": "时间戳证书 / time stamp certificate",
    "seal": "电子印章证书 / certificate of a seal",
}


def fingerprints(trust: Trust) -> tuple[Fingerprint, ...]:
    """Every pinned thing's fingerprint, always in the same order."""
    listed = [Fingerprint(role, str(k.epoch), k.key.key_id) for role in ROLES for k in trust.keys_for(role)]
    ledger = parse_vkey(trust.ledger_vkey)
    listed.append(Fingerprint("ledger", ledger.name, ledger.public.key_id))
    stamps = trust.timestamp_trust
    for number, root in enumerate(stamps.roots, 1):
        listed.append(Fingerprint("tsa_root", str(number), certificate_fingerprint(root).hex))
    for number, digest in enumerate(stamps.tsa_fingerprints, 1):
        listed.append(Fingerprint("tsa", str(number), digest.hex))
    for number, seal in enumerate(trust.seals, 1):
        listed.append(Fingerprint("seal", str(number), certificate_fingerprint(seal).hex))
    return tuple(listed)


def write_trust(folder: Path, trust: Trust) -> None:
    """Write `trust` into a new `folder`, durable on return. Raises TrustExists when there is anything at `folder`."""
    files = trust_files(trust)
    try:
        with new_folder(folder) as partial:
            for name, content in files.items():
                write_durably(partial / name, content)
            # It holds nothing secret and is meant to be handed over.
            partial.chmod(0o755)
    except FolderExists as error:
        raise TrustExists(str(folder), "already there; pinned keys are never written over") from error


def trust_files(trust: Trust) -> Mapping[str, bytes]:
    """The files of a trust folder by name. Raises TrustIncomplete for a trust that `load_trust` would refuse."""
    files = {STATEMENT_NAME: canonical_json(_form(trust), STATEMENT_NAME)}
    for role in ROLES:
        for each in trust.keys_for(role):
            files[key_file_name(role, each.epoch)] = each.key.pem
    files[LEDGER_NAME] = f"{trust.ledger_vkey}\n".encode()
    files[ROOTS_NAME] = _roots_pem(trust.timestamp_trust.roots)
    if trust.seals:
        files[SEALS_NAME] = _roots_pem(trust.seals)
    _require_complete("(to be written)", trust)
    return files


def load_trust(folder: Path) -> Trust:
    """Load a trust folder, holding every file against `trust.json`.

    Raises TrustIncomplete for a file that is missing or unreadable, MalformedEvidence for one that is not in its
    format, DigestMismatch for a key or root other than the one `trust.json` names.
    """
    what = _place(folder, STATEMENT_NAME)
    content = _read(folder, STATEMENT_NAME)
    said = parse_canonical(content, what)
    with_seals = isinstance(said, Mapping) and said.get("v") == WITH_SEALS
    fields = Fields(what, said, ("v", "keys", "ledger", "timestamp", *(("seals",) if with_seals else ())))
    fields.constant("v", WITH_SEALS if with_seals else VERSION)
    keys = _load_keys(folder, fields.items("keys"))
    trust = Trust(
        manifest_keys=keys["manifest"],
        receipt_keys=keys["receipt"],
        package_keys=keys["package"],
        ledger_vkey=_load_ledger(folder, fields.nested("ledger", ("origin", "key_id"))).encode(),
        timestamp_trust=_load_timestamp(folder, fields.nested("timestamp", ("policy", "root_sha256", "tsa_sha256"))),
        seals=_load_seals(folder, fields.items("seals")) if with_seals else (),
    )
    _require_complete(str(folder), trust)
    if canonical_json(_form(trust)) != content:
        raise MalformedEvidence(what, "not spelled as this archive spells it")
    return trust


def key_file_name(role: str, epoch: int) -> str:
    """Where the key of a role and epoch lies in the folder."""
    return f"{role}-key-{epoch}.pem"


def _form(trust: Trust) -> dict[str, Json]:
    ledger, stamps = parse_vkey(trust.ledger_vkey), trust.timestamp_trust
    seals: list[Json] = [certificate_fingerprint(seal).hex for seal in trust.seals]
    return {
        **({"seals": seals} if seals else {}),
        "v": WITH_SEALS if seals else VERSION,
        "keys": [
            {"role": role, "epoch": each.epoch, "key_id": each.key.key_id}
            for role in ROLES
            for each in trust.keys_for(role)
        ],
        "ledger": {"origin": ledger.name, "key_id": ledger.public.key_id},
        "timestamp": {
            "policy": stamps.policy,
            "root_sha256": [certificate_fingerprint(root).hex for root in stamps.roots],
            "tsa_sha256": [digest.hex for digest in stamps.tsa_fingerprints],
        },
    }


def _require_complete(folder: str, trust: Trust) -> None:
    for role in ROLES:
        keys = trust.keys_for(role)
        if not keys:
            raise TrustIncomplete(folder, f"no {role} key is pinned")
        epochs = [each.epoch for each in keys]
        if epochs != sorted(set(epochs)) or len(set(public_keys(keys))) != len(keys):
            raise TrustIncomplete(folder, f"the {role} keys are not one key an epoch, in the order of epochs")
    if not trust.timestamp_trust.roots or not trust.timestamp_trust.tsa_fingerprints:
        raise TrustIncomplete(folder, "no time stamp authority is pinned")


def _load_keys(folder: Path, items: Sequence[Json]) -> dict[str, tuple[EpochKey, ...]]:
    keys: dict[str, tuple[EpochKey, ...]] = dict.fromkeys(ROLES, ())
    for item in items:
        fields = Fields(f"{_place(folder, STATEMENT_NAME)}: key", item, ("role", "epoch", "key_id"))
        role, epoch = fields.one_of("role", ROLES), fields.count("epoch")
        place = _place(folder, key_file_name(role, epoch))
        key = _load_key(place, _read(folder, key_file_name(role, epoch)))
        require_digest(place, fields.digest("key_id", "sha256"), Digest.of("sha256", key.spki))
        keys[role] += (EpochKey(epoch, key),)
    return keys


def _load_key(place: str, content: bytes) -> PublicKey:
    with _naming(place):
        key = load_public_key(content)
    if key.pem != content:
        raise MalformedEvidence(place, "not the PEM of a public key and nothing else")
    return key


def _load_ledger(folder: Path, fields: Fields) -> Vkey:
    place = _place(folder, LEDGER_NAME)
    text = _read(folder, LEDGER_NAME).decode("utf-8", "replace")
    if not text.endswith("\n"):
        raise MalformedEvidence(place, "not one line with a vkey")
    with _naming(place):
        vkey = parse_vkey(text[:-1])
    require_digest(place, fields.digest("key_id", "sha256"), Digest.of("sha256", vkey.public.spki))
    if vkey.name != fields.text("origin"):
        raise EvidenceContradiction(place, STATEMENT_NAME, fields.text("origin"), vkey.name)
    return vkey


def _load_timestamp(folder: Path, fields: Fields) -> TimestampTrust:
    what = _place(folder, STATEMENT_NAME)
    roots = _load_certificates(folder, ROOTS_NAME, "root_sha256", fields.items("root_sha256"))
    try:
        policy = x509.ObjectIdentifier(fields.text("policy")).dotted_string
    except ValueError as error:
        raise MalformedEvidence(f"the policy in {what}", str(error)) from error
    return TimestampTrust(roots, _parse_digests(f"{what}: tsa_sha256", fields.items("tsa_sha256")), policy)


def _load_seals(folder: Path, items: Sequence[Json]) -> tuple[x509.Certificate, ...]:
    if not items:
        raise MalformedEvidence(_place(folder, STATEMENT_NAME), "no seal is named: then it is of version 1")
    return _load_certificates(folder, SEALS_NAME, "seals", items)


def _load_certificates(folder: Path, name: str, member: str, items: Sequence[Json]) -> tuple[x509.Certificate, ...]:
    """Those in a file of PEM, as many as `trust.json` names in `member`, each with its fingerprint."""
    place, content = _place(folder, name), _read(folder, name)
    try:
        found = tuple(x509.load_pem_x509_certificates(content))
    except ValueError as error:
        raise MalformedEvidence(place, str(error)) from error
    if _roots_pem(found) != content:
        raise MalformedEvidence(place, "not the PEM of certificates and nothing else")
    pinned = _parse_digests(f"{_place(folder, STATEMENT_NAME)}: {member}", items)
    if len(pinned) != len(found):
        raise TrustIncomplete(str(folder), f"{len(found)} certificates in {name}, {len(pinned)} named")
    for certificate, digest in zip(found, pinned, strict=True):
        require_digest(place, digest, certificate_fingerprint(certificate))
    return found


def _parse_digests(what: str, items: Sequence[Json]) -> tuple[Digest, ...]:
    if not all(isinstance(item, str) for item in items):
        raise MalformedEvidence(what, "not a list of digests")
    return tuple(Digest.parse("sha256", str(item)) for item in items)


def _roots_pem(roots: Iterable[x509.Certificate]) -> bytes:
    return b"".join(root.public_bytes(Encoding.PEM) for root in roots)


def _read(folder: Path, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise TrustIncomplete(str(folder), f"{name} cannot be read: {error.strerror or error}") from error
    if len(content) > FILE_LIMIT_BYTES:
        raise MalformedEvidence(_place(folder, name), f"longer than {FILE_LIMIT_BYTES} bytes")
    return content


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Say which file is malformed, where the reader of its content cannot know."""
    try:
        yield
    except MalformedEvidence as error:
        raise MalformedEvidence(place, error.reason) from error


def _place(folder: Path, name: str) -> str:
    return f"{folder.name}/{name}"
