"""Of whatever a list shows, one more."""

from __future__ import annotations

from datetime import timedelta

from integrity.local_time import chinese_day
from tests.api.http.boundary_review import finding
from tests.api.http.boundary_scene import Bounds
from tests.api.http.bounds.units import API, done


def add_one_of_each(w: Bounds) -> None:
    """Of whatever a list shows, one more: in the unit, and in its one case and of its one recording."""
    film = w.film(f"{w.recorder.code}_000123_20260101{w.number()}0.MP4")
    w.served.link(film, w.case, w.o.person)
    w.film(f"nowhere{w.number()}.mp4")
    for make in (w.issue, w.certificate, w.named_chief, w.named_to_duty, w.token, w.session, w.explanation, w.event):
        make()
    for make in (w.paper, w.exported, w.redaction, w.copied, w.held_case, w.adviser, w.submitted, w.small, w.dispute):
        make()
    for make in (w.transfer, w.decided, w.posting, w.return_receipt, w.archived, w.final, w.fresh, w.handler):
        make()
    w.dossier()
    w.served.station(w.here)
    w.served.unit(f"江城大队{w.number()}中队", w.here)
    w.let_the_linker_ask()
    w.pending(w.served.signed_in(w.here, "officer"))
    w.begin("inquiry_record")
    w.session(case_id=str(w.case.id))
    w.granted("view", w.fresh())
    finding(w)
    add_to_the_case(w)
    add_who_looks(w)
    decide_one(w)


def add_to_the_case(w: Bounds) -> None:
    done(w.o.post(f"{w.at}/services", json=w.serving()))
    w.told_in_writing(w.at, w.serving())
    day = chinese_day(w.now) - timedelta(days=int(w.number()))
    done(w.o.post(f"{w.at}/events", json={"kind": "hearing_held", "day": day.isoformat()}))
    w.act(place=f"步行街{w.number()}号")


def add_who_looks(w: Bounds) -> None:
    """One more who saw the recording and read the draft, and one more who was refused; a program of the officer's."""
    viewer = w.served.signed_in(w.here, "officer")
    w.served.grant(w.case, viewer.person, w.s.person, "view")
    assert viewer.get(f"{API}/recordings/{w.recording.id}/renditions/proxy").is_success
    assert w.l.get(f"{API}/recordings/{w.recording.id}/original").status_code == 403
    done(viewer.post(f"{API}/documents/{w.draft['id']}/readings", json={"reason": "协查"}))
    done(w.a.post(f"{API}/people/{w.o.person.id}/tokens", json={"label": "程序"}))


def decide_one(w: Bounds) -> None:
    decision = w.small()
    version = {"version_id": decision["versions"][-1]["id"]}
    done(w.s.post(f"{API}/decisions/{decision['id']}/issue", json=version))
    done(w.s.post(f"{API}/cases/{decision['case_id']}/stages", json={"stage": "execution"}))
