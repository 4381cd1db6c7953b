"""`liuhen bench storage`: what storage and scale-out are held to, each row beside its peer in the same run.

Scrubbing, which belongs here too, is measured by `liuhen bench scrub`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from api.bench.custody import running_custody
from api.bench.room import require_room
from api.bench.rows import Row
from api.bench.storage.backlog import measure_backlog
from api.bench.storage.bucket import measure_bucket, rows_left_out
from api.bench.storage.nginx_peer import find_nginx
from api.bench.storage.nodes import measure_nodes
from api.bench.storage.playing import measure_playing
from api.bench.storage.sizes import StorageSizes
from storage.objects.s3_address import S3Address

_WITHOUT_S3 = (
    "没有设置 LIUHEN_S3_URL 等：S3 各项未测，不算达标（桶须由专人专用，测完即清） / LIUHEN_S3_URL and its neighbours "
    "are not set: the rows of S3 are left out, and none of them counts as met; name a bucket that nothing else is in"
)


def measure_storage(folder: Path, sizes: StorageSizes, bucket: S3Address | None) -> list[Row]:
    """Measure on the disk that holds `folder`, and in `bucket`; everything made in either is removed again.

    Raises BenchError, and what the store in S3 raises.
    """
    nginx = find_nginx()
    require_room(folder, sizes.needed_bytes)
    with tempfile.TemporaryDirectory(prefix="bench-storage-", dir=folder) as name:
        workplace = Path(name)
        rows = _of_bucket(bucket, workplace, sizes)
        with running_custody(workplace) as custody:
            rows += measure_playing(custody, nginx, workplace, sizes)
            rows += measure_nodes(custody, workplace, sizes)
        backlog = workplace / "backlog"
        backlog.mkdir()
        return rows + measure_backlog(backlog, sizes)


def _of_bucket(bucket: S3Address | None, workplace: Path, sizes: StorageSizes) -> list[Row]:
    if bucket is None:
        print(_WITHOUT_S3, file=sys.stderr, flush=True)
        return rows_left_out(sizes)
    return measure_bucket(bucket, workplace, sizes)
