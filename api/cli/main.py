"""The root of the command line: what the commands are, and what a person sees when one of them fails."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import Annotated

import typer
from typer._click.exceptions import ClickException

from api.cli.help_pages import fold_help_pages
from api.cli.usage import explain_usage
from integrity.hidden_signs import escaped

# One module api/cli/NAME.py each. A command is the function of that name in it, a group the Typer called `app`. Only
# the one that is wanted is imported, all for `--help`: what they import at their top delays every answer.
COMMANDS = (
    *("up", "prepare", "export", "verify", "scrub", "reconcile", "replicate", "cold", "backup", "restore", "wal"),
    "bench",
    *("http", "sequencer", "shipper", "worker", "beat", "tsa"),
)
GROUPS: tuple[str, ...] = ("demo", "admin", "dock", "keys", "rules")
# A tree of errors carries facts for a person; anything else is a fault of ours, or of the machine.
_OUR_PACKAGES = frozenset({"api", "casework", "ingest", "retention", "storage", "integrity"})

HELP = """留痕：执法音像记录存证档案，任何人都可离线核验其完整性。

Liuhen: an archive for enforcement footage whose integrity anybody can check offline.

设置取自 LIUHEN_ 开头的环境变量，见 docs/operating.md。 / Settings come from LIUHEN_ variables: docs/operating.md.
"""


def build_app(arguments: list[str]) -> typer.Typer:
    """The command line with the command that `arguments` ask for, or with every one."""
    fold_help_pages()
    app = typer.Typer(
        name="liuhen",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        verbose: Annotated[
            bool, typer.Option("--verbose", help="出错时显示完整的调用栈 / show the traceback of an error")
        ] = False,
    ) -> None:
        """Takes `--verbose`, which main() looks for itself: an error may come before options are parsed."""

    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name in (asked,) if asked in COMMANDS + GROUPS else COMMANDS + GROUPS:
        module = importlib.import_module(f"api.cli.{name}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def main() -> None:
    """Entry point of the console script `liuhen`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code: 0, 1 for a failure, 2 for usage or settings, 130 after Ctrl-C."""
    verbose = "--verbose" in arguments
    # Wherever it was written, before or after the command's name.
    arguments = [argument for argument in arguments if argument != "--verbose"]
    try:
        ended = build_app(arguments)(arguments, prog_name="liuhen", standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ClickException as mistake:
        for line in explain_usage(mistake):
            _complain(line)
        return mistake.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _complain("已中断 / interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written to it any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _explain(error, verbose=verbose)


def _explain(error: Exception, *, verbose: bool) -> int:
    if verbose:
        traceback.print_exception(error)
    ours = type(error).__module__.partition(".")[0] in _OUR_PACKAGES
    if ours:
        _complain(_said(error))
    else:
        # Another's error may have several lines, and they are not worth less for it.
        for line in f"未预料的错误 / unexpected error: {type(error).__name__}: {error}".split("\n"):
            _complain(line)
    for line in getattr(error, "detail", ()):
        _complain(f"  | {line}")
    if not ours and not verbose:
        _complain("加上 --verbose 可看到调用栈 / --verbose shows where it happened")
    return int(getattr(error, "exit_code", 1))


def _said(error: Exception) -> str:
    """An error is in both languages by itself; one about evidence is in English, and has its Chinese beside it."""
    from integrity.chinese import said_in_both
    from integrity.errors import EvidenceError

    return said_in_both(error) if isinstance(error, EvidenceError) else str(error)


def _complain(line: str) -> None:
    print(escaped(line), file=sys.stderr)


if __name__ == "__main__":
    main()
