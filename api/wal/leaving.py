"""What is asked of the server's log now and then: for which stream it is kept, and that it is for none any more."""

from __future__ import annotations

from pathlib import Path

from api.wal.cluster_log import ClusterLog
from api.wal.standing import forget_standing


def stream_under_way(url: str) -> str:
    """Empty where no log is shipped. Raises psycopg.Error."""
    cluster = ClusterLog(url)
    try:
        kept = [each.stream for each in cluster.slots() if each.kept_from is not None]
    finally:
        cluster.close()
    return kept[-1] if kept else ""


def stop_keeping(url: str, data: Path) -> None:
    """Of a server whose log is shipped no more: what it would keep for that fills the disk."""
    cluster = ClusterLog(url)
    try:
        for each in cluster.slots():
            cluster.let_go(each.stream)
    finally:
        cluster.close()
    forget_standing(data)
