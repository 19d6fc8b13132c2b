from __future__ import annotations

from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.literature.paper.mark import mark
from audit.literature.studies import load_study

SHA = "0" * 64
IDS = ["asr-librispeech-clean.wer", "st-en-zh.bleu"]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "salmonn.yaml"
    path.write_bytes((LITERATURE / "studies" / "salmonn.yaml").read_bytes())
    return path


def test_only_the_marks_are_new(study: Path) -> None:
    before = study.read_text().splitlines()
    assert mark(study, dict.fromkeys(IDS, 7), SHA) == 2
    after = study.read_text().splitlines()
    line = f"    seen: {{page: 7, sha256: {SHA}}}"
    assert [text for text in after if text != line] == before
    assert after.count(line) == 2
    seen = {claim.id: claim.seen for claim in load_study(study).claims if claim.seen}
    assert set(seen) == set(IDS)
    assert all(where.page == 7 and where.sha256 == SHA for where in seen.values())


def test_a_second_time_changes_nothing(study: Path) -> None:
    mark(study, dict.fromkeys(IDS, 7), SHA)
    stamp = study.stat().st_mtime_ns
    assert mark(study, dict.fromkeys(IDS, 7), SHA) == 0
    assert study.stat().st_mtime_ns == stamp


def test_another_edition_replaces_the_mark(study: Path) -> None:
    plain = study.read_bytes()
    mark(study, dict.fromkeys(IDS, 7), SHA)
    assert mark(study, {IDS[0]: 8}, "1" * 64) == 1
    seen = {claim.id: claim.seen for claim in load_study(study).claims if claim.seen}
    assert (seen[IDS[0]].page, seen[IDS[1]].page) == (8, 7)  # type: ignore[union-attr]
    assert study.read_bytes().count(b"seen:") == 2
    assert len(study.read_text().splitlines()) == len(plain.decode().splitlines()) + 2


def test_a_mark_over_several_lines_is_replaced(study: Path) -> None:
    block = f"    seen:\n      page: 3\n      sha256: {SHA}\n    locator: "
    text = study.read_text().replace("    locator: ", block, 1)
    study.write_text(text)
    mark(study, {IDS[0]: 9}, SHA)
    assert load_study(study).claims[0].seen.page == 9  # type: ignore[union-attr]
    assert "page: 3" not in study.read_text()


def test_line_ends_and_permissions_stay(study: Path) -> None:
    study.write_bytes(study.read_bytes().replace(b"\n", b"\r\n"))
    study.chmod(0o600)
    mark(study, {IDS[0]: 7}, SHA)
    assert study.read_bytes().count(b"\n") == study.read_bytes().count(b"\r\n")
    assert study.stat().st_mode & 0o777 == 0o600


def test_a_claim_in_flow_style_is_refused(study: Path) -> None:
    lines = study.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("    locator: "))
    # Two fields on a line that begins with another one.
    start = next(i for i in range(at, 0, -1) if lines[i].startswith("  - id:"))
    entry = {"id": IDS[0], "task": "asr-librispeech-clean", "metric": "wer", "value": '"2.1"', "unit": "percent"}
    flow = ", ".join(f"{k}: {v}" for k, v in entry.items())
    end = next(i for i in range(start + 1, len(lines)) if lines[i].startswith("  - id:"))
    lines[start:end] = [f"  - {{{flow}, direction: lower, locator: {{table: Table 3, row: r, column: c}}}}\n"]
    study.write_text("".join(lines))
    before = study.read_bytes()
    with pytest.raises(InputError, match="no line can be inserted") as raised:
        mark(study, dict.fromkeys(IDS, 7), SHA)
    assert raised.value.where is not None
    assert "salmonn.yaml:" in raised.value.where
    assert study.read_bytes() == before
