"""The custody worker of one ingest node, for a measurement: it seals what is staged there, into a store far away.

    python -m api.bench.storage.node_process SECONDS      says "ready", waits for a line, seals, says how many

The archive, its node and its staging folder are those of the environment, as for `liuhen worker custody`.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from typing import cast

from api.archive import open_archive
from api.bench.storage.slow_store import SlowStore
from api.node_folder import own_staging
from api.settings import load_settings
from api.tasks.custody import open_custody
from ingest.lanes import seal_all_due
from ingest.lease import name_worker
from storage.objects.protocol import ObjectStore


def seal_when_told(seconds: float) -> None:
    archive = open_archive(load_settings(), process="liuhen-bench-node")
    custody = open_custody(archive)
    far_away = replace(custody, store=cast(ObjectStore, SlowStore(custody.store, seconds)))
    staging, sealed = own_staging(archive), Counter[str]()
    print("ready", flush=True)
    sys.stdin.readline()
    seal_all_due(far_away, staging, name_worker(), lambda: sealed.update(("uploads",)))
    print(sealed.total(), flush=True)
    archive.database.close()


if __name__ == "__main__":
    seal_when_told(float(sys.argv[1]))
