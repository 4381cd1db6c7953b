"""`liuhen shipper`: the process that ships the write-ahead log as it is written. Started by `liuhen up`."""

from __future__ import annotations

import signal
import threading

from api.engines.readiness import announce_ready
from api.engines.running import embedded_postgres
from api.errors import UsageRefused
from api.logs import write_log_lines
from api.root_access import backup_secret
from api.settings import load_settings
from api.wal.shipping import Shipper, keep_shipping


def shipper() -> None:
    """送出预写日志，直到收到 TERM / Ship the write-ahead log until TERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    if settings.wal_folder is None or settings.database_worker_url is None:
        raise UsageRefused(
            "请设置 LIUHEN_WAL_FOLDER，并用 liuhen up 启动", "set LIUHEN_WAL_FOLDER, and start with `liuhen up`"
        )
    write_log_lines()
    url = embedded_postgres(settings).shipper_url()
    running = Shipper(settings, url, settings.database_worker_url, backup_secret(settings))
    announce_ready(settings)
    try:
        keep_shipping(running, stop)
    finally:
        running.close()
