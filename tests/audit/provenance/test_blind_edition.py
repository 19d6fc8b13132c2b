"""Blind editions of a small audit: nothing names the team, what would is refused, and what is sealed can be opened."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError, MissingError
from audit.provenance.blinding import secret
from audit.provenance.blinding.surroundings import Keys, _of_checkouts
from audit.provenance.format import archive, layout
from audit.provenance.records import environment
from audit.provenance.signing import certificate, keys
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify, verify_files
from tests.support.provenance import independent_search, made, named


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit's folder with a blind edition."""
    place = named.write_out(tmp_path_factory.mktemp("named") / "out")
    named.make(place)
    return place


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return named.write_out(tmp_path / "out")


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def root_predicate(files: dict[str, bytes]) -> dict[str, Any]:
    payload = base64.b64decode(json.loads(files[layout.ROOT])["dsseEnvelope"]["payload"])
    found: dict[str, Any] = json.loads(payload)["predicate"]
    return found


def test_the_named_audit_names_the_team(out: Path) -> None:
    """Otherwise the next test would show nothing."""
    files = {name: data for name, data in files_below(out).items() if not name.startswith("blind/")}
    assert {spelling for _, spelling in independent_search.found(files, named.SPELLINGS)} == set(named.SPELLINGS)


def test_no_file_names_the_team(out: Path) -> None:
    files = files_below(out / "blind")
    assert {"package.zip", "report.html", "answers.html", "report.pdf", "package/VERIFY.md"} <= set(files)
    assert independent_search.found(files, named.SPELLINGS) == []


def test_verify_names_it_as_blind_and_accepts_it(out: Path) -> None:
    report = verify(out / "blind" / "package.zip", Trust(render=True))
    assert report.intact, report.as_text()
    (line,) = [check for check in report.checks if check.name == "blind edition"]
    sealed = root_predicate(archive.read(out / "blind" / "package"))["sealed"]
    assert line.detail == (
        f"the team's identity is withheld; {len(sealed)} commitments are in the statement, and --unblinding opens them"
    )
    text = (out / "blind" / "package" / "VERIFY.md").read_text(encoding="utf-8")
    assert "**This is a blind edition: whose key it is, is withheld.**" in text
    assert f"has {len(sealed)} commitments" in text


def test_reports_say_that_it_is_blind(out: Path) -> None:
    for name in ("report.html", "answers.html"):
        text = (out / "blind" / name).read_text(encoding="utf-8")
        assert (
            "the team\u2019s identity is withheld; commitments to it are in the package\u2019s signed statement" in text
        )
    assert "Neutral names: team-institution" in (out / "blind" / "report.html").read_text(encoding="utf-8")


def test_neutral_names_are_readable(out: Path) -> None:
    audit = json.loads((out / "blind" / "audit.json").read_bytes())
    assert [item["id"] for item in audit["conventions"]] == ["team-1", "team-1-finished", "plain"]
    assert audit["conventions"][1]["summary"] == "As team-1, finished outputs only."
    assert audit["measurements"][0]["source"] == "team-1: team-file-1 at 00000000"
    assert audit["measurements"][0]["note"] == "Written down by team-member-2."
    works = audit["literature"]["works"]
    assert [work["id"] for work in works] == ["bonzi", "team-1", "zebra"]
    # GitHub has no names with a dot: a link with a neutral name leads nowhere.
    repository = "https://github.com/team.owner/team-repository-2"
    tree = f"{repository}/tree/{'1'.zfill(40)}"
    assert (works[1]["authors"], works[1]["venue"], works[1]["links"]) == (["withheld"], "withheld", [tree])
    assert works[0]["links"] == ["https://example.org/x", f"{repository}/blob/{'1'.zfill(40)}/team-file-1#L4"]
    assert (out / "blind" / "counts/asr-librispeech-clean/wer/team-1-finished.csv").exists()


def test_the_order_of_lists_does_not_show_where_the_name_stood(fresh: Path) -> None:
    named.make(fresh)
    first = json.loads((fresh / "blind" / "audit.json").read_bytes())["literature"]
    shutil.rmtree(fresh / "blind")
    for path in [fresh / "audit.json", *fresh.rglob("*.yaml")]:
        path.write_text(path.read_text(encoding="utf-8").replace("nordsee", "aaaaaaa"), encoding="utf-8")
    for folder in ("works", "reproductions"):
        (fresh / "literature" / folder / "nordsee.yaml").rename(fresh / "literature" / folder / "aaaaaaa.yaml")
    named.make(fresh)
    second = json.loads((fresh / "blind" / "audit.json").read_bytes())["literature"]
    for part, key in (("works", "id"), ("matrix", "work"), ("bibliography", "work")):
        assert [entry[key] for entry in first[part]] == [entry[key] for entry in second[part]]


def test_machine_code_and_image_are_left_out(out: Path) -> None:
    files = archive.read(out / "blind" / "package")
    software = json.loads(files[layout.ENVIRONMENT])
    assert (software["image"], software["code"]["commit"], software["os"]["name"]) == (None, None, None)
    run = json.loads(files[layout.RUN])
    assert run["command"] == ["[withheld]"]
    assert (run["machine"]["cpu"], run["time_zone"], run["variables"]) == (None, "[withheld]", {})


def test_a_commit_and_an_image_lead_to_where_they_were_published(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, manifest = "7e" * 20, "8f" * 32
    image = {"uri": "pkg:oci/rerun@sha256?repository_url=quay.example/seal-lab", "manifest": f"sha256:{manifest}",
             "config": None, "layers": []}  # fmt: skip
    monkeypatch.setenv(environment.COMMIT_VARIABLE, commit)
    monkeypatch.setenv(environment.IMAGE_VARIABLE, json.dumps(image))
    named.make(fresh)
    spellings = [commit[:7], manifest[:7], "quay.example", "seal-lab"]
    assert independent_search.found(files_below(fresh / "blind"), spellings) == []
    (sealed,) = secret.read(fresh / "unblind.json").packages.values()
    values = " ".join(one.value for one in sealed)
    assert all(spelling in values for spelling in spellings)


def test_no_value_is_in_the_commitments(out: Path) -> None:
    sealed = root_predicate(archive.read(out / "blind" / "package"))["sealed"]
    assert all(set(entry) == {"kind", "name", "sha256"} for entry in sealed)
    kinds = {entry["kind"] for entry in sealed}
    assert {
        "institution",
        "person",
        "record",
        "repository",
        "commit",
        "file",
        "machine",
        "environment",
        "original",
    } <= kinds


def test_the_secret_is_beside_the_package_and_for_its_owner_alone(out: Path) -> None:
    path = out / "unblind.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list((out / "blind").rglob("unblind*"))
    kept = secret.read(path)
    assert len(kept.packages) == 1
    (sealed,) = kept.packages.values()
    assert ("person", "team-member-1", "\u00c5sa Lindqvist") in {(one.kind, one.name, one.value) for one in sealed}
    assert len({one.salt for one in sealed}) == len(sealed)
    published = b"".join(files_below(out / "blind").values())
    assert not any(one.salt.hex().encode() in published or one.salt in published for one in sealed)
    assert kept.secret.hex().encode() not in published


def test_the_same_secret_gives_the_same_statement(out: Path, tmp_path: Path) -> None:
    again = named.write_out(tmp_path / "again")
    shutil.copy(out / "unblind.json", tmp_path / "kept.json")
    named.make(again, secret=tmp_path / "kept.json", kept=(str(again), str(out)))
    first, second = (root_predicate(archive.read(place / "blind" / "package"))["sealed"] for place in (out, again))

    def same(sealed: list[dict[str, str]]) -> list[dict[str, str]]:
        # Where an audit lies is sealed, too, and the reports were made in two folders.
        return [entry for entry in sealed if entry["kind"] != "path"]

    assert same(first) == same(second)
    assert set(secret.read(tmp_path / "kept.json").packages) > set(secret.read(out / "unblind.json").packages) or (
        first == second
    )
    other = named.write_out(tmp_path / "other")
    named.make(other)
    third = root_predicate(archive.read(other / "blind" / "package"))["sealed"]
    assert not {entry["sha256"] for entry in first} & {entry["sha256"] for entry in third}


def test_a_package_that_is_made_again_loses_nothing(fresh: Path) -> None:
    named.make(fresh)
    before = secret.read(fresh / "unblind.json")
    named.make(fresh, named=("Another Name",))
    after = secret.read(fresh / "unblind.json")
    assert before.packages.items() <= after.packages.items()
    assert len(after.packages) == 2
    assert after.secret == before.secret


def hide(path: str, text: str) -> Callable[[dict[str, Any]], None]:
    """A change that writes a text at a place of audit.json."""

    def change(value: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for part in parents:
            value = value[int(part)] if isinstance(value, list) else value[part]
        value[last] = text  # type: ignore[index]

    return change


@pytest.mark.parametrize(
    ("place", "text", "file"),
    [
        ("study.title", "TeamNORDSEE's audit", "audit.json"),
        ("measurements.0.note", "see N.O.R.D.S.E.E.", "audit.json"),
        ("measurements.0.note", "ask nordsee2025", "audit.json"),
        ("measurements.0.note", "outputs lie in /home/piet/outputs", "audit.json"),
    ],
)
def test_a_name_that_a_person_wrote_in_its_own_way_is_refused(place: str, text: str, file: str, tmp_path: Path) -> None:
    """Such spellings are not replaced: what is meant, the person must say."""
    out = named.write_out(tmp_path / "out", hide(place, text))
    with pytest.raises(InputError, match="the blind edition would name the team") as error:
        named.make(out)
    assert f"{file} (" in str(error.value)
    assert not (out / "blind").exists()
    assert not (out / "unblind.json").exists()
    assert not list(out.glob(".*"))


@pytest.mark.parametrize("text", ["Seal Island Lab", "\ubd81\ud574 \uc5f0\uad6c\uc18c"])
def test_names_that_no_record_has(text: str, tmp_path: Path) -> None:
    out = named.write_out(tmp_path / "out", hide("study.title", f"An audit by {text}\ub294"))
    named.make(out)
    assert text in (out / "blind" / "audit.json").read_text(encoding="utf-8")
    named.make(out, named=(text,))
    assert independent_search.found(files_below(out / "blind"), [text.casefold()]) == []
    assert "An audit by withheld-1" in (out / "blind" / "audit.json").read_text(encoding="utf-8")


def test_a_word_that_is_no_identity_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user may be called like a word of the report; nothing is replaced, and the error says what to do."""
    monkeypatch.setattr("getpass.getuser", lambda: "claims")
    out = named.write_out(tmp_path / "out", hide("study.title", "All claims of a paper"))
    with pytest.raises(InputError, match=r"'claims'.*") as error:
        named.make(out)
    assert "--not-identity" in str(error.value.fix)
    named.make(out, kept=("claims",))


def test_without_a_record_of_a_team(tmp_path: Path) -> None:
    out = named.write_out(tmp_path / "out")
    shutil.rmtree(out / "literature" / "reproductions")
    (out / "literature" / "works" / "nordsee.yaml").unlink()
    result = named.make(
        out, named=("nordsee", "nordsee-lab", "Institute of Spoken Language", "Lindqvist", "Piet van der Meer")
    )
    assert not any("--identity" in note for note in result.notes)
    bare = made.write_out(tmp_path / "bare")
    assert any("give every name that must not be seen with --identity" in note for note in named.make(bare).notes)


def test_a_key_whose_certificate_names_the_team(fresh: Path) -> None:
    """The lasting key is sealed, another one signs, and no name of either is in the package."""
    key = made.key(77)
    chain = certificate.self_signed(key, "Signer of Seal Island")
    named.make(fresh, keys=Keys(key, chain, ("piet@seal-island",)))
    files = archive.read(fresh / "blind" / "package")
    assert independent_search.found(files, ["seal island", "seal-island", keys.fingerprint(key.public)]) == []
    assert keys.public_pem(key.public) != files[layout.PUBLIC_KEY]
    assert b"repro-audit blind edition" in base64.b64decode(
        "".join(files[layout.CERTIFICATE].decode().split("-----")[2].split())
    )
    assert ("key", "signing-key") in {(e["kind"], e["name"]) for e in root_predicate(files)["sealed"]}


def test_where_the_secret_may_not_be(fresh: Path) -> None:
    with pytest.raises(InputError, match="in the folder that is handed in"):
        named.make(fresh, secret=fresh / "blind" / "unblind.json")


def test_broken_folders(tmp_path: Path, fresh: Path) -> None:
    with pytest.raises(MissingError, match="an audit's output is missing"):
        named.make(tmp_path)
    (fresh / "literature" / "reproductions" / "empty").mkdir()
    with pytest.raises(InputError, match=r"reproductions/empty/?: an empty folder"):
        named.make(fresh)
    (fresh / "literature" / "reproductions" / "empty").rmdir()
    for broken in (
        "{",
        '{"schema": "x"}',
        '{"schema": "repro-audit/unblind/1", "secret": "00", "key": "", "packages": {}}',
    ):
        (fresh / "unblind.json").write_text(broken, encoding="utf-8")
        with pytest.raises(InputError, match=r"is damaged|is not a repro-audit/unblind/1"):
            named.make(fresh)
        assert (fresh / "unblind.json").read_text(encoding="utf-8") == broken


def test_countersignatures_are_not_lost(fresh: Path) -> None:
    named.make(fresh)
    (fresh / "blind" / "package" / "countersignatures").mkdir()
    with pytest.raises(InputError, match="countersignatures, which would be lost"):
        named.make(fresh)


def test_a_statement_that_seals_nothing_and_a_package_that_is_not_blind(out: Path) -> None:
    """Whether a package is blind is said twice, in audit.json and in the statement."""
    from tests.support.provenance import attacks

    named_files = made.make(None)
    forged = attacks.resigned(attacks.good(), layout.ROOT, lambda value: value["predicate"].update(sealed=[]))
    report = verify_files(forged, Trust())
    assert [(check.file, check.code) for check in report.failures] == [(layout.ROOT, "wrong-statement")]
    assert not any(check.name == "blind edition" for check in verify_files(named_files, Trust()).checks)


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://example.org/seal-lab/tide.git", "seal-lab/tide"),
        ("git@example.org:seal-lab/tide.git", "seal-lab/tide"),
        ("/srv/seal-lab/tide", None),
        ("/srv/main/.", None),
        ("../tide", None),
        ("file:///srv/seal-lab/tide", None),
    ],
)
def test_a_remote_on_this_machine_has_no_owner(url: str, repository: str | None, tmp_path: Path) -> None:
    """Its path is searched for as it stands; two folders of it would be two words that any text may have."""
    for arguments in (["init", "--quiet"], ["remote", "add", "origin", url]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    found = {(one.kind, one.value) for one in _of_checkouts([tmp_path])}
    assert ("remote", url) in found
    assert {value for kind, value in found if kind == "repository"} == ({repository} if repository else set())
