"""What the settings say of uploads, as the tus server and the housekeeping that goes with it take it."""

from __future__ import annotations

from datetime import timedelta

from api.archive import Archive
from api.settings import Settings
from ingest.uploads.contract import UploadLimits
from ingest.uploads.register import CatalogRegister, StationDefaults


def upload_limits(settings: Settings) -> UploadLimits:
    return UploadLimits(
        max_upload_bytes=int(settings.upload_size),
        max_deferred_bytes=int(settings.upload_deferred_size),
        minimum_bytes_per_second=int(settings.upload_rate),
        rate_window_seconds=settings.upload_rate_seconds,
        expires_after=timedelta(hours=settings.upload_expiry_hours),
        lasts_at_most=timedelta(days=settings.upload_longest_days),
        keep_free_bytes=int(settings.disk_reserve),
    )


def station_defaults(settings: Settings) -> StationDefaults:
    """The limits of a station that has none of its own."""
    waiting_bytes = int(settings.uploads_waiting)
    return StationDefaults(settings.uploads_at_once, waiting_bytes, settings.uploads_terminated)


def upload_register(archive: Archive) -> CatalogRegister:
    """The archive's uploads, as whoever looks after them has them."""
    return CatalogRegister(archive.database, station_defaults(archive.settings))
