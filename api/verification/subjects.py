"""Every table whose rows the ledger accounts for, row by row: what audits go by that look at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.verification.access_accounts import ACCESS_SUBJECTS
from api.verification.accounts import SUBJECTS
from api.verification.archiving_accounts import ARCHIVING_SUBJECTS
from api.verification.deadline_accounts import DEADLINE_SUBJECTS
from api.verification.decision_accounts import DECISION_SUBJECTS
from api.verification.document_accounts import DOCUMENT_SUBJECTS
from api.verification.dossier_accounts import DOSSIER_SUBJECTS
from api.verification.element_accounts import ELEMENT_SUBJECTS
from api.verification.export_accounts import EXPORT_SUBJECTS
from api.verification.file_review_accounts import FILE_REVIEW_SUBJECTS
from api.verification.media_accounts import MEDIA_SUBJECTS
from api.verification.notice_accounts import NOTICE_SUBJECTS
from api.verification.procedure_accounts import PROCEDURE_SUBJECTS
from api.verification.publication_accounts import PUBLICATION_SUBJECTS
from api.verification.redaction_accounts import REDACTION_SUBJECTS
from api.verification.register_accounts import REGISTER_SUBJECTS
from api.verification.return_accounts import RETURN_SUBJECTS
from api.verification.room_accounts import ROOM_SUBJECTS
from api.verification.rule_accounts import RULE_SUBJECTS
from api.verification.service_accounts import SERVICE_SUBJECTS
from api.verification.steps import Subject

ALL_SUBJECTS: Final[Sequence[Subject]] = (
    *RULE_SUBJECTS,
    *SUBJECTS,
    *ACCESS_SUBJECTS,
    *REDACTION_SUBJECTS,
    *EXPORT_SUBJECTS,
    *REGISTER_SUBJECTS,
    *ROOM_SUBJECTS,
    *ELEMENT_SUBJECTS,
    *PROCEDURE_SUBJECTS,
    *DEADLINE_SUBJECTS,
    *ARCHIVING_SUBJECTS,
    *DOCUMENT_SUBJECTS,
    *DECISION_SUBJECTS,
    *NOTICE_SUBJECTS,
    *PUBLICATION_SUBJECTS,
    *SERVICE_SUBJECTS,
    *FILE_REVIEW_SUBJECTS,
    *RETURN_SUBJECTS,
    *DOSSIER_SUBJECTS,
    *MEDIA_SUBJECTS,
)
