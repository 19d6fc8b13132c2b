"""Every malicious package in tests/assets/provenance/malicious is refused, by name of the file and for the right reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.provenance.signing.keys import public_pem
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify, verify_files
from tests.support.provenance import attacks

MALICIOUS = attacks.ASSETS / "malicious"


def test_the_table_and_the_folder_agree() -> None:
    assert {path.stem for path in MALICIOUS.glob("*.zip")} == set(attacks.ATTACKS)


@pytest.mark.parametrize("name", sorted(attacks.ATTACKS))
def test_refused(name: str) -> None:
    _, file, code = attacks.ATTACKS[name]
    path = MALICIOUS / f"{name}.zip"
    report = verify(path, Trust(key=public_pem(attacks.SIGNER.public)))
    assert not report.intact
    assert report.failures
    first = report.failures[0]
    if code:
        assert (first.file, first.code) == (path.name if file == "*.zip" else file, code), first
    else:
        assert first.file is not None
        assert first.file.startswith(file), first
        assert "a different package" in first.detail


# One needs a signature whose base64 has unused bits, which the files' maker looks for.
@pytest.mark.parametrize("name", sorted(set(attacks.ATTACKS) - {"non-canonical-base64"}))
def test_an_attack_is_made_as_its_file_was(name: str) -> None:
    """The functions still make what the files hold: packages that are refused for the same reason."""
    function, file, code = attacks.ATTACKS[name]
    from audit.provenance.errors import RejectedError
    from audit.provenance.format import archive

    result = function(attacks.good())
    if isinstance(result, bytes):
        with pytest.raises(RejectedError) as caught:
            archive.read_zip(result, "x.zip")
        assert (caught.value.file, caught.value.code) == ("x.zip" if file == "*.zip" else file, code)
        return
    first = verify_files(result, Trust(key=public_pem(attacks.SIGNER.public))).failures[0]
    assert first.code == (code or "wrong-statement")


def test_a_folder_with_a_symbolic_link(tmp_path: Path, files: dict[str, bytes]) -> None:
    from tests.support.provenance import made

    folder = made.write(files, tmp_path / "package")
    (folder / "report.html").unlink()
    (folder / "report.html").symlink_to("/etc/hostname")
    report = verify(folder, Trust())
    assert [(check.file, check.code) for check in report.failures] == [("report.html", "symbolic-link")]


def test_an_attackers_whole_package_is_intact_and_never_accepted() -> None:
    """Integrity is not identity, and the report says so."""
    files = attacks.ATTACKS["wrong-key"][0](attacks.good())
    assert isinstance(files, dict)
    report = verify_files(files, Trust())
    assert report.intact
    assert not report.accepted
    assert report.as_text().splitlines()[-1] == "package: intact, but its signer is not known"
    assert [check.status for check in report.checks if check.name == "identity"] == ["not-checked"]
    assert "the signer is not known" in report.as_text()
