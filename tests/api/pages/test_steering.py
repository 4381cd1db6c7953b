"""A camera whose name would steer a terminal or a browser: the page of recordings shows it as text alone."""

from __future__ import annotations

import dataclasses
import html
import os
from pathlib import Path
from typing import Any

from PIL import Image

from ingest.media.findings import Stream
from ingest.metadata.reading import read_file_facts

MAKE, MODEL = "<script>alert(3)</script>", "x\x1b[2J\r\nSet-Cookie: a=b"
SHOWN = "<script>alert(3)</script> x\ufffd[2J\ufffd\ufffdSet-Cookie: a=b"


def test_what_a_camera_says_of_itself_is_text_of_the_page(served: Any, tmp_path: Path) -> None:
    tags, path = Image.Exif(), tmp_path / "photograph.jpg"
    tags.update({271: MAKE, 272: MODEL})
    Image.new("RGB", (16, 16)).save(path, exif=tags)
    served.findings = dataclasses.replace(
        served.findings,
        container="image2",
        contents=read_file_facts(path),
        state="opens",
        reasons=(),
        streams=(Stream(0, "video", "mjpeg", width=16, height=16),),
    )
    unit = served.unit("第三执法大队")
    recording = served.seal(served.station(unit), os.urandom(2000), "IMG_0001.jpg")
    assert recording.device == SHOWN
    browser = served.signed_in(unit, "supervisor")
    for address in ("/recordings", "/recordings?view=table", f"/recordings/{recording.id}"):
        text = browser.get(address).text
        assert html.escape(SHOWN) in text, address
        assert MAKE not in text
        assert not any(sign in text for sign in "\x1b\r")
