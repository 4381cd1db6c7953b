"""A process that copies until it is killed."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.lease import name_worker
from ingest.replica.mark import Replica
from ingest.replica.replicator import Replicator
from integrity.epoch_keys import EpochKey
from integrity.keys import PublicKey
from storage.database import Database
from storage.objects.folder import FolderStore
from storage.objects.s3 import S3Store
from storage.objects.s3_address import S3Address
from tests.ceph import ACCESS_KEY, REGION, SECRET_KEY

if __name__ == "__main__":
    given = os.environ
    address = S3Address(given["CHILD_URL"], given["CHILD_BUCKET"], REGION, ACCESS_KEY, SECRET_KEY)
    keys = (EpochKey(1, PublicKey(bytes.fromhex(given["CHILD_KEY"]))),)
    store, replica = FolderStore(Path(given["CHILD_ROOT"])), Replica(S3Store(address), "the second store")
    database = Database(given["CHILD_DATABASE"], pool_size=2)
    replicator = Replicator(database, store, replica, lambda: keys, name_worker(), 30)
    print("begun", flush=True)
    while not replicator.go_on(1 << 20).idle:
        pass
