"""`python -m integrity`: what integrity/command.py does, and one sentence where its libraries are not installed.

Whoever doubts the archive begins with a checkout and the system's own Python, which has none of them.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from integrity.hidden_signs import escaped

_ENVIRONMENT = Path(__file__).resolve().parent.parent / ".venv"
_UNUSABLE = 2  # as in integrity/command.py, which cannot be imported then


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    # What was recorded in any language must be shown wherever this runs, also under LANG=C.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        from integrity.command import main as run
    except ImportError as missing:
        library = (missing.name or "").partition(".")[0]
        if library in ("", "integrity"):  # a part of this program: nothing that one could install beside it
            raise
        words = sys.argv[1:] if arguments is None else arguments
        print(escaped(_told_without(library, words)), file=sys.stderr)
        return _UNUSABLE
    return run(arguments)


def _told_without(library: str, words: Sequence[str]) -> str:
    """With the line that works, where this checkout has its environment already."""
    python = _ENVIRONMENT / "bin" / "python"
    chinese = "请先按 docs/verifying.md“安装”一节安装核验程序，再用其中的 Python 执行"
    english = "install the verifier as docs/verifying.md says under Installing, and run it with the Python of there"
    if python.exists() and Path(sys.prefix).resolve() != _ENVIRONMENT:
        line = shlex.join([str(python), "-m", "integrity", *words])
        chinese, english = f"请改用本项目环境的 Python：{line}", "run that line, with this project's own Python"
    chinese = f"运行核验程序的 Python（{sys.executable}）缺少程序库 {library}，或其版本过旧，未作核验；{chinese}"
    lacking = f"the Python that runs the verifier has no library {library}, or one too old, and nothing was verified"
    return f"{chinese} / {lacking}: {english}"


if __name__ == "__main__":
    sys.exit(main())
