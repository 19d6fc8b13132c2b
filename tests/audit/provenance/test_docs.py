"""The reference page says what the program does."""

from __future__ import annotations

import re

from audit.provenance.format import layout
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "reference" / "package.md").read_text(encoding="utf-8")


def test_every_file_is_explained() -> None:
    for name in layout.REQUIRED:
        assert f"`{name}`" in PAGE, name


def test_every_code_is_explained_and_no_other() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "audit" / "provenance").rglob("*.py"))
    raised = set(re.findall(r'RejectedError\(\s*(?:"[^"]*"|[^"]*?),\s*"([a-z-]+)"', source)) | {
        "duplicate-key",
        "missing",
        "unexpected-file",
        "wrong-statement",
    }
    table = PAGE.split("| code | the file |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) == raised


def test_the_verdicts_are_told_as_they_are_grouped() -> None:
    from audit.provenance.records import audit_facts
    from audit.schema import Verdict

    assert set(audit_facts.RESULTS) == {verdict.value for verdict in Verdict}
    row = next(line for line in PAGE.splitlines() if line.startswith("| test-result |"))
    told = {
        word.strip(): group
        for group, words in re.findall(r"(passed|warned|failed): ([a-z, -]+?)(?:;|$)", row)
        for word in words.split(",")
    }
    assert told == audit_facts.RESULTS


def test_predicate_of_the_root_statement(files: dict[str, bytes]) -> None:
    from tests.support.provenance.attacks import payload

    row = next(line for line in PAGE.splitlines() if line.startswith("| root |"))
    told = set(re.findall(r"`([a-zA-Z]+)`", row)) - {"key", "ephemeral", "sealed"}
    assert set(payload(files, layout.ROOT)["predicate"]) == told
