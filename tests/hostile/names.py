"""What an uploader may call a file to be run, believed or obeyed somewhere on its way."""

from __future__ import annotations

HOSTILE_NAMES: tuple[str, ...] = (
    "<script>window.injected=1</script>.mp4",
    '"><img src=x onerror=window.injected=1>.mp4',
    "'\" autofocus onfocus=window.injected=1 x='.mp4",
    "</title><svg onload=window.injected=1>.mp4",
    "{{ 7 * 7 }}{% raw %}.mp4",
    "line\r\nSet-Cookie: injected=1\r\n\r\n<h1>.mp4",
    "\u202e4pm.exe",
    "nul\0in the middle.mp4",
    "-i.mp4",
    "--output=/etc/passwd",
    "$(touch injected).mp4",
    "`touch injected`;touch injected|touch injected&.mp4",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\a.mp4",
    "CON",
    "=cmd|'/c calc'!A1.mp4",
    "\ud83d\ude00 执法记录 é\u0301.mp4".encode("utf-16", "surrogatepass").decode("utf-16"),
    "长" * 80 + ".mp4",
)
