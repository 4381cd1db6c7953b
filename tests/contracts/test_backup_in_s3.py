"""An archive as its containers have it: the database on a server elsewhere, objects in S3, our authority's keys in a
folder of their own. Backed up from its settings, and put in place beside a bucket that is empty."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.backup.making import BackupMade, BackupOrder, make_backup
from api.backup.objects_part import copy_object
from api.backup.place import BackupPlace
from api.cli.tsa import write_pins
from api.engines.postgres import EmbeddedPostgres
from api.engines.roles import ROLES, socket_url
from api.errors import StoreUnusable
from api.export import export_case
from api.trust_folder import build_trust
from api.verification import verify_archive
from integrity.package.verify import verify_package
from integrity.trust import Trust
from storage.catalog.recordings import Recording
from storage.objects.folder import FolderStore
from storage.objects.protocol import Keeping, ObjectStore
from storage.objects.s3 import S3Store
from storage.objects.s3_address import S3Address
from tests.api.backup.conftest import restore
from tests.api.backup.elsewhere import given_addresses, lent, serving
from tests.api.backup.test_backup_and_restore import CONTENT, require_one_ledger
from tests.api.sealing_archive import SealingArchive
from tests.ceph import Cluster


def in_bucket(address: S3Address) -> dict[str, Any]:
    return {
        "s3_url": address.url,
        "s3_bucket": address.bucket,
        "s3_access_key": address.access_key,
        "s3_secret_key": address.secret_key,
    }


@dataclass(frozen=True)
class LostMachine:
    """What is left of it: its backups (the second lists objects only), a replica of its bucket, and what it handed out
    before."""

    place: BackupPlace
    made: BackupMade
    listed: BackupMade
    replica: Path
    recording: Recording
    kept: Keeping
    package: Path
    trust: Trust


@pytest.fixture(scope="module")
def lost(ceph: Cluster, tmp_path_factory: pytest.TempPathFactory) -> LostMachine:
    folder = tmp_path_factory.mktemp("lost")
    with serving(folder / "server", folder / "secrets") as server:
        bucket = ceph.bucket(f"backup-{uuid.uuid4().hex}")
        first = SealingArchive(server.addresses(), folder, **in_bucket(bucket))
        # As a container of its own has them.
        write_pins(first.settings.authority_folder, first.settings.data / "trust-tsa")
        first.settings.authority_folder.rename(folder / "authority")
        recording = first.seal(CONTENT)
        first.link(recording)
        first.settle()
        package, trust = export(first, folder / "before"), build_trust(first.archive)
        first.settle()
        place, kept = BackupPlace.at(folder / "place"), first.archive.store.keeping(recording.object_name)
        made, listed = (back_up(first, server, place, folder / "authority", copies) for copies in (True, False))
        replicate(first.archive.store, FolderStore(folder / "replica"))
        first.close()
    return LostMachine(place, made, listed, folder / "replica", recording, kept, package, trust)


def back_up(
    sealing: SealingArchive, server: EmbeddedPostgres, place: BackupPlace, authority: Path, copies: bool
) -> BackupMade:
    time.sleep(1)  # the name of a backup is its second
    order = BackupOrder(copies_objects=copies, passphrase=None, authority=authority)
    return make_backup(sealing.archive, lent(server), place, order, lambda line: None)


def replicate(source: ObjectStore, target: FolderStore) -> None:
    for name in source.list():
        found = source.stat(name)
        assert found is not None
        assert copy_object(source, target, name, found.size_bytes, "")
        until = source.keeping(name).until
        if until is not None:
            target.keep_until(name, until)


def export(sealing: SealingArchive, folder: Path) -> Path:
    grant = sealing.grant()
    return export_case(sealing.archive, sealing.people["supervisor"], sealing.case.id, grant.id, folder).folder


def test_it_is_whole_beside_an_empty_bucket_and_its_ledger_goes_on(
    lost: LostMachine, ceph: Cluster, tmp_path: Path
) -> None:
    made, data, new = lost.made, tmp_path / "data", given_addresses()
    assert made.lost == ()
    assert not (lost.place.keys / made.name / "secrets").exists(), "the passwords of a server elsewhere are not ours"
    bucket = in_bucket(ceph.bucket(f"backup-{uuid.uuid4().hex}"))
    done = restore(
        lost.place,
        made.name,
        data,
        database_url=new.app,
        database_owner_url=new.owner,
        database_worker_url=new.worker,
        database_sequencer_url=new.sequencer,
        **bucket,
    )
    assert (done.facts, done.objects, done.audit.findings, done.ahead) == (made.facts, made.objects, (), None)
    assert "nobody" in (data / "postgres" / "postgresql.auto.conf").read_text(), "its own settings are put back"
    with serving(data / "postgres", data / "secrets") as other:
        for role in ROLES:
            psycopg.connect(socket_url(role, f"new {role}", other.sockets)).close()
        again = SealingArchive(other.addresses(), tmp_path, **bucket)
        again.settle()
        assert lost.kept.until is not None
        assert again.archive.store.keeping(lost.recording.object_name) == lost.kept
        listed = again.archive.store.inspect(lost.recording.object_name)
        assert listed is not None
        assert listed.mended, "it has another version than was sealed, and the store says why"
        again.link(again.seal(CONTENT + b"after"))
        again.settle()
        after = export(again, tmp_path / "after")
        assert verify_archive(again.archive).holds
        assert verify_package(lost.package, lost.trust) is not None
        assert verify_package(after, lost.trust) is not None
        require_one_ledger(again.archive, made.facts.note.encode())
        again.close()


def test_what_no_backup_has_comes_from_the_replica_and_is_kept_as_long(
    lost: LostMachine, ceph: Cluster, tmp_path: Path
) -> None:
    address = ceph.bucket(f"backup-{uuid.uuid4().hex}")
    assert lost.listed.copied == 0
    done = restore(
        lost.place,
        lost.listed.name,
        tmp_path / "data",
        objects=tmp_path / "nothing",
        replica_folder=lost.replica,
        **in_bucket(address),
    )
    assert (done.facts, done.objects, done.audit.findings) == (lost.listed.facts, lost.listed.objects, ())
    assert S3Store(address).keeping(lost.recording.object_name) == lost.kept


def test_a_bucket_that_cannot_keep_evidence_is_refused_before_anything_is_put_in_place(
    lost: LostMachine, ceph: Cluster, tmp_path: Path
) -> None:
    open_bucket = ceph.bucket(f"backup-{uuid.uuid4().hex}", lock=False)
    with pytest.raises(StoreUnusable, match="Object Lock"):
        restore(lost.place, lost.made.name, tmp_path / "data", **in_bucket(open_bucket))
    assert not (tmp_path / "data").exists()
