"""What officers do in a case (执法行为), which recordings that needs (音像记录事项清单), and why some are missing."""

from __future__ import annotations

from storage.catalog.rules import RuleVersion


class RecordingChecklist(RuleVersion):
    """One version of which acts need which recordings."""

    __tablename__ = "recording_checklist"
