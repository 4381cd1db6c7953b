"""What a recording's page gives back of what is hidden: the same that was stated, to be stated anew or checked."""

from __future__ import annotations

import re
from typing import Any

BOX: dict[str, Any] = {"left": 0.1234, "top": 0.2, "width": 0.3001, "height": 0.25, "style": "black"}


def test_times_of_a_long_film_come_back_as_they_were_stated(district: Any, grant_to: Any) -> None:
    """Three hours in, a hundredth of a second is a seventh digit; what comes back rounded would hide something else."""
    district.served.as_owner("UPDATE recording SET duration_seconds = 20000 WHERE id = %s", district.film.id)
    grant_to("officer")
    boxes = [
        {**BOX, "from_seconds": 12345.67, "to_seconds": 12346.1234},
        {**BOX, "from_seconds": 10, "to_seconds": 1500000 / 100},
        {**BOX, "from_seconds": 12347.25},
    ]
    form = {"boxes": boxes, "reason": "遮蔽面部"}
    stated = district.people["officer"].post(f"/api/v1/recordings/{district.film.id}/redactions", json=form)
    assert stated.status_code == 201, stated.text
    text = district.page("officer", f"/recordings/{district.film.id}", "en").text
    for number, box in enumerate(boxes):
        for name, part in (("from_seconds", 1), ("to_seconds", 1), ("left", 100), ("width", 100)):
            (value,) = re.findall(rf'name="boxes\.{number}\.{name}"[^>]* value="([^"]*)"', text)
            assert value == ("" if name not in box else f"{round(float(box[name]) * part, 4):.10g}"), (name, value)
    assert "12345.67–12346.1234" in text
    assert "10–15000" in text
    assert "12347.25" in text.split("editor")[0]
