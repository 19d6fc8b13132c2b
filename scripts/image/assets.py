"""Checks the files that scorers need and packages brought, by their hashes in `assets.json`, while an image is built.

    assets.py check SITE_PACKAGES

What no package brings is in `tasks/backends/assets.json`. Exit codes: 0 all are what their hashes say, 1 a file is not, 2
usage. Needs nothing but Python, which is all that there is at that stage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

INSTALLED: dict[str, str] = json.loads(Path(__file__).with_name("assets.json").read_text(encoding="utf-8"))


def check(site_packages: Path) -> int:
    """Compare every file that packages brought with its recorded hash; an exit code."""
    wrong = 0
    for name, wanted in INSTALLED.items():
        path = site_packages / name  # an absolute name stays itself
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
        if found != wanted:
            print(f"{path}: its hash is {found}, not {wanted}", file=sys.stderr)
            wrong += 1
    print(f"{len(INSTALLED) - wrong} of {len(INSTALLED)} files are what their hashes say")
    return 1 if wrong else 0


def main(argv: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("site_packages", type=Path)
    return check(parser.parse_args(argv).site_packages)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
