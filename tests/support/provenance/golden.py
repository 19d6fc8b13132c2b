"""Golden packages: made once by a version of the program, and to be accepted by every later one.

`python -m tests.support.provenance.golden VERSION` writes those of a new package version to tests/assets/provenance/golden;
those of older versions are never written again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from audit.provenance import package
from audit.provenance.format import archive
from audit.provenance.signing import timestamp
from audit.provenance.signing.keys import public_pem
from audit.provenance.verification import countersign
from tests.support.provenance import made, tsa
from tests.support.provenance.attacks import ASSETS, REVIEWER, SIGNER, small

GOLDEN = ASSETS / "golden"


def main(version: str) -> None:
    """Write a plain package, one with predictions, a countersignature and a time stamp, and the public keys."""
    small()
    folder = GOLDEN / version
    folder.mkdir(parents=True)
    (folder / "signer.pub.pem").write_bytes(public_pem(SIGNER.public))
    (folder / "reviewer.pub.pem").write_bytes(public_pem(REVIEWER.public))
    plain = made.make(package.Options(key=SIGNER, name="Golden Auditor", command=("repro-audit", "run")))
    (folder / "plain.zip").write_bytes(archive.zip_bytes(plain))
    with tempfile.TemporaryDirectory() as temporary:
        authority = Path(temporary, "tsa")
        authority.mkdir()
        (folder / "tsa.pem").write_bytes(tsa.make_authority(authority).read_bytes())
        predictions = made.write_predictions(Path(temporary, "predictions"))
        with tsa.serve(authority) as url:
            options = package.Options(
                key=SIGNER,
                name="Golden Auditor",
                predictions=predictions,
                with_predictions=True,
                requester=timestamp.http(url),
                command=("repro-audit", "run"),
            )
            full = package.make(made.with_card(made.artefacts(predictions)), options)
    words = [countersign.PACKAGE_VERIFIED, "RESULTS_REPRODUCED"]
    full |= countersign.add(
        full, REVIEWER, reviewer="https://orcid.org/0000-0000-0000-0001", properties=words, comment="As it says.",
        when="2026-11-23T12:00:00Z",
    )  # fmt: skip
    (folder / "full.zip").write_bytes(archive.zip_bytes(full))


if __name__ == "__main__":
    main(sys.argv[1])
