"""`repro-audit`: the commands, their errors and exit codes.

Each command is one module of `audit.cli.commands`, imported only when it is used, so that `--help` is fast.
"""

from __future__ import annotations

import argparse
import importlib
import keyword
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from audit.errors import AuditError
from tasks.errors import ScoringError

EPILOG = """exit codes:
  0  success
  1  completed, but a requested check failed
  2  bad input or usage
  3  a requirement is missing: a program, a library, a server, a model
"""

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
    "countersign": "add a reviewer's statement to a package",
    "diff": "show which claims moved between two audits, and why",
    "container": "build, run, inspect and archive the container image",
    "doctor": "check what is installed and what is missing",
}


def _parser(only: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="repro-audit",
        description="Settles, task by task, whether a reproduced benchmark number is justified.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, text in COMMANDS.items():
        if name != only:
            commands.add_parser(name, help=text)
            continue
        module = importlib.import_module(f"audit.cli.commands.{_module(name)}")
        command = commands.add_parser(
            name, help=text, description=module.HELP, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        module.add_arguments(command)
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
    with _terminable():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    only = next((a for a in arguments if not a.startswith("-")), None)
    parser = _parser(only)
    try:
        options = parser.parse_args(arguments)
        if options.version:
            from audit._util.version import project_version

            print(f"repro-audit {project_version()}")
            return 0
        if options.command is None:
            parser.print_help()
            return 2
        code: int = options.run(options)
    except AuditError as error:
        print(f"repro-audit: {error}", file=sys.stderr)
        return error.exit_code
    except ScoringError as error:
        # Commands name the file too; this is for a row that a less common path cannot read.
        print(f"repro-audit: {error}\n  Correct the row.", file=sys.stderr)
        return 2
    except PermissionError as error:
        # From any command; in a container the user often does not own the files.
        print(f"repro-audit: {error.filename or 'a file'}: user {os.getuid()} may not read or write it\n"
              "  Change the permissions (chmod), or run as the files' owner.", file=sys.stderr)  # fmt: skip
        return 2
    except KeyboardInterrupt as error:
        print("repro-audit: stopped", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT)
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe; Python must not fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
