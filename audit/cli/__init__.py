"""`repro-audit`: the commands, their errors and exit codes.

A command is one module of `audit.cli.commands`; it is imported only when it is asked for, so that `--help` is
quick.
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

EPILOG = """exit codes:
  0  done
  1  done, and a check that you asked for failed
  2  bad input or usage
  3  something needed is missing (a program, a library, a server, a model)
"""

# name -> one line of help; the module is audit.cli.commands.NAME with '-' as '_', and a '_' behind a word of Python's.
COMMANDS: dict[str, str] = {
    "all": "inference, audit, report and package in one go: what the image does",
    "run": "audit a study and write the report",
    "import": "turn other people's output files into prediction files",
    "score": "score one task's predictions under its conventions",
    "report": "render the reports of an audit.json again",
    "conventions": "list conventions with grade, signature and hash",
    "literature": "list, show, check and export the surveyed works",
    "sets": "list, show and make set cards, and say which set a predictions file holds",
    "detect": "count broken and wrong-task outputs",
    "prompts": "score each prompt by itself and test whether they differ",
    "multiverse": "score a task under every combination of defensible steps",
    "explain": "find the pipelines that print a given value",
    "feasible": "say whether a printed value can occur at all",
    "export": "write an audit's values in other projects' formats",
    "judge": "score answers with a language model, repeatably",
    "infer": "make predictions with a SALMONN checkpoint",
    "merge": "join the shards of a run into one predictions file",
    "probe": "look for nondeterminism, and for what prompts, text alone and the beam rule do",
    "keygen": "make a signing key",
    "package": "sign an audit and pack it with its evidence",
    "verify": "check a package, offline",
    "countersign": "add a reviewer's statement to a package",
    "diff": "say which claims moved between two audits, and why",
    "container": "build, run, inspect and archive the container image",
    "doctor": "say what is there and what is missing",
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
    """SIGTERM, as `docker stop` and job schedulers send it, ends a command as Ctrl-C does: in order."""


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
    """Run one command and give its exit code."""
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
    except PermissionError as error:
        # Wherever it happens; in a container the user is often another than the files' owner.
        print(f"repro-audit: {error.filename or 'a file'}: user {os.getuid()} is not allowed to read or write it\n"
              "  Let the user do so (chmod), or run as the user who may.", file=sys.stderr)  # fmt: skip
        return 2
    except KeyboardInterrupt as error:
        print("repro-audit: stopped", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT)
    except BrokenPipeError:
        # The reader (head, less) has closed; Python must not complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
