"""The offline verifier: a package, the keys one already holds, and nothing else. No database, no server, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.digest import Digest
from integrity.manifest import RecordingManifest
from integrity.package import checks, layout
from integrity.package.catalogues import check_catalogues
from integrity.package.document_checks import VerifiedDocument, check_documents
from integrity.package.failure import failing_at
from integrity.package.key_checks import UsedKey, check_keys, follow_keys
from integrity.package.reading import PackageFolder
from integrity.package.repeats import VerifiedRepeat, check_repeats
from integrity.package.statement import PackageStatement, open_statement
from integrity.timestamp import TimestampToken
from integrity.trust import Trust, load_trust

# What a person reads while the steps are taken; the numbers are those of `verify_package`.
STEPS: Mapping[int, tuple[str, str]] = {
    1: ("文件夹结构", "structure of the folder"),
    2: ("密钥", "keys"),
    3: ("证据包清单的签名", "signature of the package statement"),
    4: ("每个文件的摘要", "digest of every file"),
    5: ("BagIt 目录", "BagIt lists"),
    6: ("封存清单的签名", "signatures of the manifests"),
    7: ("可信时间戳", "time stamps"),
    8: ("原始记录与封存清单一致", "originals against their manifests"),
    9: ("账本检查点的签名", "signature of the ledger's checkpoint"),
    10: ("账本条目的包含证明", "inclusion proofs of the ledger entries"),
    11: ("封存条目与封存清单一致", "sealing entries against the manifests"),
    12: ("播放副本的来源", "origin of the playable copies"),
    13: ("卷内目录与账本、文件一致", "catalogues against ledger and files"),
    14: ("文书与账本和电子签章", "documents against ledger and seals"),
    15: ("再次收到时所称的内容与账本", "what was said when files came again against the ledger"),
    16: ("签名密钥的启用与接替", "when the signing keys came into force, and how they succeeded one another"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRecording:
    """One recording of a package that holds. Its number counts from 1; `original` is its path in the package."""

    number: int
    original: str
    proxy: str | None
    manifest: RecordingManifest
    token_time: datetime
    ledger_index: int
    received_again: tuple[VerifiedRepeat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A package that holds, and under which keys: `pinned` ones handed over beforehand, or those it brought itself.

    `statement_sha256` is of package.dsse.json and so of the whole package: what a ledger entry about it names.
    `catalogues`: how many versions of an archived case's catalogue it holds. `keys` signed it and its manifests;
    `renewed` is `trust` with the keys that succeeded those in it, by the ledger.
    """

    package_id: UUID
    statement_sha256: Digest
    created_at: datetime
    pinned: bool
    trust: Trust
    renewed: Trust
    keys: tuple[UsedKey, ...]
    files: int
    size_bytes: int
    entries: int
    checkpoint: Checkpoint
    recordings: tuple[VerifiedRecording, ...]
    catalogues: int = 0
    documents: tuple[VerifiedDocument, ...] = ()


def verify_package(folder: Path, trust: Trust | None, on_step: Callable[[int], None] | None = None) -> Verdict:
    """Establish that everything in `folder` is what the archive sealed and exported.

    With `trust`, keys come from there, and from there on as the ledger says that others succeeded them. Without it they
    come from the package itself, which shows only that it is consistent: whoever signs everything anew with keys of
    their own passes.

    1. The folder holds plain files and folders under names a package can have, none too large, no fixed one missing.
    2. Keys: `trust`, or the package's own trust/, whose files fit its trust.json; and those that succeeded its latest
        ones, by entries of the ledger that both keys signed, under a checkpoint by the pinned key of the ledger.
    3. The package statement is signed by the package key of the epoch it names.
    4. The files are exactly those it lists, and each has the SHA-256 it states.
    5. The bag's declaration, information and both lists are what follows from these files, byte for byte.
    6. Each manifest is signed by the manifest key of the epoch it names.
    7. Each time stamp covers the whole file of its manifest, by the pinned authority under the pinned policy.
    8. Each original has the size, SHA-256, SM3 and chunk root of its manifest, and the manifest is of this recording.
    9. The checkpoint is signed by the ledger's key.
    10. Each ledger entry is in the ledger: its bytes hash to its leaf, whose proof leads to the checkpoint's root.
    11. Each recording has exactly one `recording.sealed` entry, and it names the SHA-256 of manifest and time stamp.
    12. Each playable copy is in meta/case.json with its digest and that of the original it was made from.
    13. Of an archived case every catalogue that the ledger names is here and no other, and the last one names just
        these recordings, each by its digest.
    14. Each document is the one that its entry names by SHA-256, and what bears a seal bears a pinned one that holds.
    15. Of each entry that a file came again, what was said of it then opens the entry's commitments.
    16. Each key that signed the statement or a manifest was in force then, where the package has the keys' entries.

    Raises PackageInvalid for the first step that fails. `on_step` is told each number before the step is taken.
    """
    package, take = PackageFolder(folder), _step_taker(on_step)

    # 1. Nothing is opened before it is known to be a plain file of bearable size.
    with take(1, folder.name):
        files = package.list_files()

    # 2. The copy inside the package is not even looked at when keys were handed over.
    with take(2, layout.TRUST_STATEMENT), checks.locating_change(package, files):
        held = trust or load_trust(folder / layout.TRUST_FOLDER)
        # The ledger leads on from what is held, and nothing but the ledger does: its own key has no successor.
        keys = follow_keys(package, files, held)

    # 3. From here on the statement is the archive's word, and every file is held against it.
    with take(3, layout.STATEMENT), checks.locating_change(package, files):
        statement = open_statement(package.read(layout.STATEMENT), keys.package_keys)

    # 4.
    with take(4, layout.STATEMENT):
        content = checks.digest_files(package, files, statement)

    # 5. What the statement cannot cover, its own digest's list, follows wholly from the rest.
    with take(5, layout.TAG_LIST):
        checks.check_bag(package, statement, content)

    # 6.
    with take(6, layout.STATEMENT):
        manifests = checks.open_manifests(package, statement, keys)

    # 7.
    with take(7, layout.STATEMENT):
        tokens = checks.check_tokens(package, statement, keys)

    # 8. The package key says what is in the package, the manifest key what was sealed: they must agree.
    with take(8, layout.STATEMENT):
        checks.check_originals(statement, manifests, content)

    # 9.
    with take(9, layout.CHECKPOINT):
        checkpoint = open_checkpoint(package.read(layout.CHECKPOINT), keys.ledger_vkey)

    # 10.
    with take(10, layout.CHECKPOINT):
        entries = checks.check_entries(package, files, checkpoint)

    # 11. Otherwise a sound entry of another recording could stand in.
    with take(11, layout.CHECKPOINT):
        ledger_indexes = checks.check_sealings(manifests, content, entries)

    # 12.
    with take(12, layout.CASE):
        checks.check_case(package, statement, manifests)

    # 13. What was archived is what is here: nothing was left out of the package, or put in, since.
    with take(13, layout.CASE):
        catalogues = check_catalogues(package, manifests, content.digests, entries)
    # 14. What was withdrawn is said so by its entry too: nobody hands out a decision that no longer stands as one.
    with take(14, layout.DOCUMENTS):
        documents = check_documents(package, files, content.digests, entries, keys)

    # 15. Whoever sends a file first decides nothing: what others said of it is in here with it, unaltered.
    with take(15, layout.CHECKPOINT):
        repeats = check_repeats(package, files, entries)

    # 16. A stolen former key signs as well as ever, and one to come had signed nothing yet: the ledger knows the order.
    with take(16, layout.CHECKPOINT):
        used = check_keys(statement, manifests, ledger_indexes, entries, checkpoint, keys, held)

    recordings = _join_recordings(statement, manifests, tokens, ledger_indexes, repeats)
    return Verdict(
        package_id=statement.package_id,
        statement_sha256=content.digests[layout.STATEMENT],
        created_at=statement.created_at,
        pinned=trust is not None,
        trust=held,
        renewed=keys,
        keys=used,
        files=len(files),
        size_bytes=sum(content.sizes_bytes.values()),
        entries=len(entries),
        checkpoint=checkpoint,
        recordings=recordings,
        catalogues=len(catalogues),
        documents=documents,
    )


def _join_recordings(
    statement: PackageStatement,
    manifests: Sequence[RecordingManifest],
    tokens: Sequence[TimestampToken],
    ledger_indexes: Sequence[int],
    repeats: Sequence[VerifiedRepeat],
) -> tuple[VerifiedRecording, ...]:
    joined = zip(statement.recordings, manifests, tokens, ledger_indexes, strict=True)
    return tuple(
        VerifiedRecording(
            number=number,
            original=listed.original,
            proxy=listed.proxy,
            manifest=manifest,
            token_time=token.gen_time,
            ledger_index=index,
            received_again=tuple(each for each in repeats if each.recording_id == str(manifest.recording_id)),
        )
        for number, (listed, manifest, token, index) in enumerate(joined, 1)
    )


def _step_taker(on_step: Callable[[int], None] | None) -> Callable[[int, str], AbstractContextManager[None]]:
    @contextmanager
    def take(number: int, path: str) -> Iterator[None]:
        if on_step is not None:
            on_step(number)
        with failing_at(number, path):
            yield

    return take
