"""Backup and restore of a whole archive (docs/backup.md, docs/decisions/0028-backup.md)."""
