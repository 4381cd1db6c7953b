"""When backups of the archive were made, as every host is to know."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base


class BackupMoment(Base):
    """备份: one was begun then that is whole and verified. Said after it was made: it is not in that backup itself."""

    __tablename__ = "backup_moment"
    begun_at: Mapped[datetime] = mapped_column(primary_key=True)
