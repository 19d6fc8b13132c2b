from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.errors import InputError, MissingError
from audit.provenance import package
from audit.provenance.format import layout
from audit.provenance.signing import certificate, keygen, keys
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made


def test_generate(tmp_path: Path) -> None:
    paths = keygen.generate(tmp_path / "new" / "audit.pem", "Jane Doe", b"secret")
    assert {path.name for path in paths.values()} == {"audit.pem", "audit.pub.pem", "audit.cert.pem"}
    assert stat.S_IMODE(paths["private"].stat().st_mode) == 0o600
    assert not keys.readable_by_others(paths["private"])
    key = keys.load_private(paths["private"], lambda: b"secret")
    for path in (paths["public"], paths["certificate"]):
        assert keys.public_der(keys.load_public(path.read_bytes(), "f")) == keys.public_der(key.public)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "audit.cert.pem",
        "audit.pem",
        "audit.pub.pem",
    ]


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_mode_is_0600_under_any_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        keygen._create(tmp_path / "key.pem", b"x", 0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["audit.pem", "audit.pub.pem", "audit.cert.pem"])
def test_nothing_is_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious", encoding="ascii")
    with pytest.raises(InputError, match="never overwritten"):
        keygen.generate(tmp_path / "audit.pem", "Jane Doe", None)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="ascii") == "precious"


def test_not_even_when_it_appears_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"precious")
    with pytest.raises(InputError):
        keygen._create(tmp_path / "key.pem", b"new", 0o600)
    assert (tmp_path / "key.pem").read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_wrong_passphrase_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    paths = keygen.generate(tmp_path / "audit.pem", "Jane Doe", b"right words")
    for passphrase in (None, lambda: b"wrong words"):
        with pytest.raises(InputError) as caught:
            keys.load_private(paths["private"], passphrase)
        assert "words" not in str(caught.value)


def test_keys_that_are_none(tmp_path: Path, need: Callable[..., None]) -> None:
    need("openssl")
    with pytest.raises(MissingError):
        keys.load_private(tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("no key", encoding="ascii")
    with pytest.raises(InputError):
        keys.load_private(tmp_path / "text.pem")
    for number, options in enumerate(
        (["-algorithm", "ed25519"], ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"])
    ):
        path = tmp_path / f"{number}.pem"
        subprocess.run(["openssl", "genpkey", *options, "-out", path], check=True, capture_output=True)
        with pytest.raises(InputError, match="P-256"):
            keys.load_private(path)
        public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True).stdout
        with pytest.raises(InputError, match="P-256"):
            keys.load_public(public, "f")
    with pytest.raises(InputError):
        keys.load_public(b"nothing", "f")


def test_a_key_of_openssl_works(tmp_path: Path, need: Callable[..., None]) -> None:
    need("openssl")
    path = tmp_path / "key.pem"
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path]
    subprocess.run(make, check=True, capture_output=True)
    files = made.make(package.Options(key=keys.load_private(path), command=("x",)))
    assert verify_files(files, Trust()).intact


def test_the_certificate_is_a_function_of_key_and_name() -> None:
    assert certificate.self_signed(made.key(), "A") == certificate.self_signed(made.key(), "A")
    assert certificate.self_signed(made.key(), "A") != certificate.self_signed(made.key(), "B")


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb"])
def test_names_that_no_certificate_has(name: str) -> None:
    with pytest.raises(InputError):
        certificate.self_signed(made.key(), name)


def test_openssl_takes_the_certificate(tmp_path: Path, need: Callable[..., None]) -> None:
    need("openssl")
    (tmp_path / "c.pem").write_bytes(certificate.self_signed(made.key(), "Jäne Doe"))
    command = ["openssl", "verify", "-check_ss_sig", "-x509_strict", "-partial_chain", "-CAfile", "c.pem", "c.pem"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def institutional(folder: Path, public_pem: bytes) -> bytes:
    """A certificate for a key by an authority, and the authority's, as PEM."""
    (folder / "key.pub.pem").write_bytes(public_pem)
    (folder / "extensions").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n"
    )
    root = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    for command in (
        [*root, "-subj", "/CN=University CA", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Jane Doe",
         "-keyout", "other.key", "-out", "request"],
        ["x509", "-req", "-in", "request", "-force_pubkey", "key.pub.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30",
         "-set_serial", "7", "-extfile", "extensions", "-out", "leaf.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return (folder / "leaf.pem").read_bytes() + (folder / "ca.pem").read_bytes()


def test_an_institutions_certificate(tmp_path: Path, need: Callable[..., None], shell) -> None:  # type: ignore[no-untyped-def]
    need("openssl", "pdfsig")
    from tests.audit.provenance.test_verify_md import block

    chain = institutional(tmp_path, keys.public_pem(made.key().public))
    files = made.make(package.Options(key=made.key(), certificates=chain, command=("x",)))
    assert verify_files(files, Trust()).intact
    assert b"names *Jane Doe*." in files[layout.VERIFY]
    folder = made.write(files, tmp_path / "package")
    for section in ("6. pdfsig", "7. openssl"):
        result = shell(block(folder, section), folder)
        assert result.returncode == 0, result.stdout + result.stderr
    with pytest.raises(InputError, match="not for the signing key"):
        made.make(package.Options(key=made.key(2), certificates=chain, command=("x",)))


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory, need: Callable[..., None]) -> Iterator[str]:
    """A SoftHSM token with a key called `auditor`; the PKCS#11 library."""
    need("softhsm2-util", "openssl")
    pytest.importorskip("pkcs11", reason="needs python-pkcs11")
    library = next(
        (
            path
            for path in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"))
            if path.exists()
        ),
        None,
    )
    if library is None:
        pytest.skip("needs libsofthsm2.so")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n", encoding="ascii"
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "key.pem"]
    for command in (
        ["softhsm2-util", "--init-token", "--free", "--label", "test", "--so-pin", "123456", "--pin", "1234"],
        make,
        [
            "softhsm2-util",
            "--import",
            folder / "key.pem",
            "--token",
            "test",
            "--label",
            "auditor",
            "--id",
            "01",
            "--pin",
            "1234",
        ],
    ):
        subprocess.run(command, check=True, capture_output=True)
    yield str(library)
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def test_a_key_in_a_token(token: str) -> None:
    from audit.provenance.signing import hsm

    with pytest.raises(InputError, match="PIN"):
        hsm.load("auditor", token, lambda: b"9999")
    key = hsm.load("auditor", token, lambda: b"1234")
    files = made.make(package.Options(key=key, name="Jane Doe", command=("x",)))
    report = verify_files(files, Trust(key=keys.public_pem(key.public)))
    assert report.intact, report.as_text()
    with pytest.raises(MissingError, match="no token"):
        hsm.load("nobody", token, lambda: b"1234")


def test_tokens_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pkcs11", reason="needs python-pkcs11")
    from audit.provenance.signing import hsm

    monkeypatch.delenv(hsm.MODULE_VARIABLE, raising=False)
    for module in (None, "/nonexistent/library.so"):
        with pytest.raises(MissingError):
            hsm.load("auditor", module, lambda: b"")
