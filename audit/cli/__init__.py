"""`repro-audit`: the commands, their errors and exit codes.

Each command is one module of `audit.cli.commands`, imported only when it is used, so that `--help` is fast.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import keyword
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from audit._util.terminal import guarded_streams, in_a_line
from audit.cli import failures
from audit.cli.config import with_settings
from audit.cli.examples import told
from audit.cli.parser import Parser, add_everywhere
from audit.cli.topics import EXIT_CODES, TOPICS
from audit.cli.verbosity import traceback_of, verbosity
from audit.errors import AuditError
from tasks.errors import ScoringError

DESCRIPTION = "Settles, task by task, whether a reproduced benchmark number is justified."

# name -> help line. The module is audit.cli.commands.NAME with '_' for '-'; a Python keyword gets a trailing '_'.
COMMANDS: dict[str, str] = {
    "all": "run inference, audit, report and package: the image's default command",
    "run": "audit a study and write the report",
    "import": "convert third-party output files to prediction files",
    "score": "score one task's predictions under its conventions",
    "report": "render the reports of an audit.json",
    "conventions": "list conventions with grade, signature and hash",
    "study": "start a study from a paper's table, check it, find it in the paper's PDF",
    "literature": "list, show, check and export the surveyed works",
    "sets": "list, show and make set cards; identify the set of a predictions file",
    "assets": "list, fetch and check the files that scorers need",
    "outputs": "list, fetch and check the public outputs of others",
    "survey": "audit the works whose outputs are public, in one table",
    "detect": "count broken and wrong-task outputs",
    "prompts": "score each prompt separately and test whether prompts differ",
    "multiverse": "score a task under every combination of defensible steps",
    "rows": "show the rows and words that pay for the difference between two conventions",
    "compare": "compare two runs on the same set",
    "attribute": "split a gap into the steps of counting that make it",
    "explain": "find the pipelines that print a given value",
    "feasible": "test whether a printed value is possible",
    "export": "write an audit's values in other projects' formats",
    "judge": "score answers reproducibly with a language model",
    "plan": "plan a sample: order, risk and what counts, before the run",
    "infer": "make predictions with a SALMONN checkpoint",
    "merge": "join the shards of a run into one predictions file",
    "probe": "measure nondeterminism and the effect of prompts, missing audio and the beam rule",
    "keygen": "make a signing key",
    "package": "sign an audit and pack it with its evidence",
    "verify": "check a package, offline",
    "open-rows": "open single rows of an audit against its signed root",
    "unblind": "open what a blind package seals",
    "countersign": "add a reviewer's statement to a package",
    "diff": "show which claims moved between two audits, and why",
    "badge": "draw how many claims hold, for a README",
    "container": "build, run, inspect and archive the container image",
    "doctor": "check what is installed and what is missing",
    "help": "print a topic, a command's help, or the man page",
    "completion": "print the script that lets a shell complete commands and options",
}
# What the completion scripts call.
_COMPLETE = "__complete"


def parser_of(only: str | None, below: str | None = None) -> Parser:
    """The parser, with the options of one command; the others are there by name, so that few modules are imported.

    Args:
        only: The command.
        below: The word that follows it, where each of its many subcommands has a module; by default all have their options.
    """
    parser = Parser(
        prog="repro-audit",
        description=DESCRIPTION,
        epilog=f"exit codes:\n{EXIT_CODES}\ntopics of `repro-audit help`:\n  {', '.join(TOPICS)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    parser.add_argument("--no-config", action="store_true", help="ignore repro-audit.toml and [tool.repro-audit]")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, text in COMMANDS.items():
        if name != only:
            commands.add_parser(name, help=text)
            continue
        module = importlib.import_module(f"audit.cli.commands.{_module(name)}")
        command = commands.add_parser(
            name,
            help=text,
            description=module.HELP,
            epilog=told(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == "import":
            module.add_arguments(command, below)
        else:
            module.add_arguments(command)
        add_everywhere(command)
        command.set_defaults(run=module.run)
    return parser


def _module(name: str) -> str:
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


class _Terminated(KeyboardInterrupt):
    """SIGTERM, sent by `docker stop` and job schedulers; it ends a command cleanly, as Ctrl-C does."""


@contextmanager
def _terminable() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # What a start makes lives until the end; with Python's own 700 a tenth of a short command is spent searching it.
    gc.set_threshold(100_000, 20, 20)
    # Nor need Python search it once more when it ends: what must be done at the end is done by `atexit` and `with`.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    with _terminable():
        return _main(argv)


def _run(options: argparse.Namespace) -> int:
    code: int
    if "spice_limit" not in options:
        code = options.run(options)
        return code
    from audit.cli.options import spice_settings

    with spice_settings(options):
        code = options.run(options)
    return code


def _main(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    with guarded_streams() as (out, err):
        try:
            code = _told(arguments)
        except SystemExit as end:  # argparse has printed its message
            out.flush()
            if out.failure is None or end.code not in {0, None}:
                raise
            code = 0
        out.flush()
        # A pipe that its reader has closed (head, less) is no failure; the command has done its work.
        if out.failure is not None and not isinstance(out.failure, BrokenPipeError):
            print(f"repro-audit: standard output: {failures.of_the_system(out.failure)}", file=err)
            code = code or failures.SYSTEM
    return code


def _told(arguments: list[str]) -> int:
    """Run a command; its errors are printed, and become exit codes."""
    code: int
    try:
        code = _command(arguments)
    except AuditError as error:
        traceback_of(error)
        # What and where may quote a file: a line feed there must not make a line of ours.
        fix = "" if error.fix is None else "\n  " + error.fix.replace("\n", "\n  ")
        _say(f"{in_a_line(error.told)}{fix}")
        code = error.exit_code
    except ScoringError as error:
        # Commands name the file too; this is for a row that a less common path cannot read.
        _say(f"{in_a_line(error)}\n  Correct the row.")
        code = 2
    except BrokenPipeError:
        # From output that does not pass the guarded streams (a container's).
        code = 0
    except OSError as error:
        _say(failures.of_the_system(error))
        code = failures.code_of(error)
    except KeyboardInterrupt as error:
        _say("stopped")
        code = 128 + (signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT)
    except Exception as error:  # noqa: BLE001  # the last handler: whatever nobody foresaw
        from audit._util.version import project_version

        _say(failures.unforeseen(error, arguments, project_version()))
        code = failures.FAULT
    return code


def _command(arguments: list[str]) -> int:
    words = [one for one in arguments if not one.startswith("-")]
    only, below = (words[0] if words else None), "".join(words[1:2])
    if only == _COMPLETE:
        return _complete(arguments[arguments.index(only) + 1 :])
    parser = parser_of(only, below)
    if only in COMMANDS and "--no-config" not in arguments[: arguments.index(only)]:
        arguments = with_settings(arguments, parser, tuple(COMMANDS))
    options = parser.parse_args(arguments)
    if options.version:
        from audit._util.version import project_version

        print(f"repro-audit {project_version()}")
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    quiet, verbose = getattr(options, "quiet", False), getattr(options, "verbose", False)
    with verbosity(quiet=quiet, verbose=verbose):
        return _run(options)


def _complete(words: list[str]) -> int:
    from audit.cli.completion import candidates

    only = next((word for word in words[:-1] if not word.startswith("-")), None)
    for name, text in candidates(parser_of(only), words):
        print(f"{name}\t{text}" if text else name)
    return 0


def _say(text: str) -> None:
    print(f"repro-audit: {text}", file=sys.stderr)
