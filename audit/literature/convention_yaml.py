"""A convention as the YAML that declares it, to begin a convention of one's own from."""

from __future__ import annotations

import json
import re
from typing import Any

from audit.literature.declared_conventions import SCHEMA
from tasks.convention import Convention
from tasks.declared import as_data

# What YAML reads as the same text without quotes: a name of this project.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_EVIDENCE = """\
# The id of the record of the work that counts so (literature/works), or a short name.
work: REPLACE with the work
# Where its program or text shows these steps, as in the record of a work; [] if nobody else counts so.
evidence:
  - kind: code
    repo: OWNER/NAME
    commit: REPLACE with the full commit id
    path: REPLACE with the file
    lines: "1-9"
    steps: [all]
    verified: false
"""


def yaml_text(convention: Convention, family: str) -> str | None:
    """The file that declares a convention of a family, with its evidence left to fill in.

    None if a part of the convention is not in the catalogue (`repro-audit conventions --steps`).
    """
    data = as_data(convention)
    if data is None:
        return None
    head = {"schema": SCHEMA, "id": data.pop("id"), "summary": data.pop("summary"), "family": family}
    lines = [f"{key}: {_value(value)}" for key, value in (head | data).items()]
    return "\n".join([*lines, _EVIDENCE])


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    # A number has quotes, so that it stays a text.
    plain = value == SCHEMA or (_PLAIN.fullmatch(value) and not value.isdecimal())
    return str(value) if plain else json.dumps(value, ensure_ascii=False)
