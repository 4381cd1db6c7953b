"""Logs beside a film, in the encodings that loggers and editors on Windows write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.metadata.reading import read_file_facts, read_text
from tests.ingest.metadata import telemetry_written as written

HERE = (31.2304, 121.4737)
POINT = '<trkpt lat="31.2304" lon="121.4737"><time>2026-01-01T01:30:0{}Z</time></trkpt>'
TRACK = "".join(POINT.format(second) for second in range(3))
GPX = f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><name>城管一中队</name><trk><trkseg>{TRACK}</trkseg></trk></gpx>'
NMEA = "".join(written.gga(n) + written.rmc(*HERE, n) for n in range(3))
SRT = "".join(f"{n + 1}\r\n00:00:0{n},000 --> 00:00:0{n},900\r\nLat: 31.2304 Lon: 121.4737\r\n\r\n" for n in range(3))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize(("source", "text"), [("gpx", GPX), ("nmea", NMEA), ("srt", SRT)])
def test_a_log_says_the_same_in_every_encoding(encoding: str, source: str, text: str) -> None:
    (track,) = read_text(text.encode(encoding))
    assert track == next(read_text(text.encode()))
    assert (track[0], len(track[1])) == (source, 3)


@pytest.mark.parametrize("declared", ["utf-8", "UTF-16", "gb18030", "GBK", "nonsense"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_what_a_gpx_log_declares_of_its_encoding_is_not_asked(declared: str, encoding: str) -> None:
    said = f'<?xml version="1.0" encoding="{declared}"?>\n<!-- {"轨" * 5000} -->{GPX}'
    ((_, points),) = read_text(said.encode(encoding))
    assert [(point.latitude, point.longitude) for point in points] == [HERE] * 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_log_in_utf_16_is_found_in_its_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "in"
    path.write_bytes(GPX.encode(encoding))
    (track,) = read_file_facts(path)["tracks"]
    assert track["source"] == "gpx"
