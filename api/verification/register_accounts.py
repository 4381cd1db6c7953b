"""What the ledger says of the register: which devices there are, who had them from when to when, who was certified."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.accounts import moved
from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate


def _device(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"serial": None, "model": None, "name": None, "retired": None}
    described = {**pledged(entry, "code", "serial", "model", "name"), **made_at(entry)}
    return {**nothing, **described, "unit_id": unit_of(entry)}


def _issue(entry: LedgerEntry) -> Facts:
    of_device: Facts = {"unit_id": unit_of(entry), "device_id": entry.subject_id, "voided": None}
    nobody: Facts = {"person_id": None, "room_id": None}
    stated = as_stated(entry, "person_id", "room_id", "issued_from", "returned_at")
    return {**nobody, **stated, **made_at(entry), **of_device}


def _certificate(entry: LedgerEntry) -> Facts:
    of_person: Facts = {"unit_id": unit_of(entry), "person_id": entry.subject_id, "voided": None}
    return {**as_stated(entry, "valid_from", "last_day"), **pledged(entry, "number"), **made_at(entry), **of_person}


REGISTER_SUBJECTS: Sequence[Subject] = (
    Subject(
        Device,
        (
            Step("device.added", _device, makes=True),
            Step("device.described", lambda entry: pledged(entry, "serial", "model", "name")),
            Step("device.retired", ended("retired")),
            Step("device.moved", moved, moves="unit_id"),
        ),
    ),
    Subject(
        DeviceIssue,
        (
            Step("device.issued", _issue, "issue_id", makes=True),
            Step("device.returned", lambda entry: as_stated(entry, "returned_at"), "issue_id"),
            Step("device.issue_voided", ended("voided"), "issue_id"),
        ),
    ),
    Subject(
        OfficerCertificate,
        (
            Step("certificate.added", _certificate, "certificate_id", makes=True),
            Step("certificate.voided", ended("voided"), "certificate_id"),
        ),
    ),
)
