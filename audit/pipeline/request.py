"""What an audit is asked for; light to import, so that a caller can build a request before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.report.formats import FORMATS
from audit.schema import Signing
from tasks.statistics.defaults import REPLICATES

if TYPE_CHECKING:
    from audit.provenance.signing.keys import SigningKey
    from audit.scoring.pool import EngineName


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What to audit, and with what.

    Attributes:
        study: The id of a study in the literature's `studies/`.
        predictions: Holds `TASK.jsonl` files; None, or a folder without any: only recorded values are audited.
        literature: The folder with `studies/`, `reproductions/` and `works/`.
        probes: Folder with results of `repro-audit probe`; None or an absent one holds none.
        replicates: Bootstrap replicates; 0 for no intervals.
        cache: Folder for counts and intervals kept between runs; None for none.
        engine: Where rows are counted, see `audit.scoring.pool`.
        workers: How many processes count them; None for one a processor.
        signing: How the document will say it is signed; None where it is not going to be.
    """

    study: str = "salmonn"
    predictions: Path | None = None
    literature: Path = LITERATURE
    probes: Path | None = None
    replicates: int = REPLICATES
    cache: Path | None = None
    engine: EngineName = "auto"
    workers: int | None = None
    signing: Signing | None = None

    def __post_init__(self) -> None:
        if self.replicates < 0:
            raise InputError("must not be negative", where="replicates", fix="Give 0 for no intervals.")


@dataclass(frozen=True, slots=True)
class PublicationRequest:
    """Where an audit's results go.

    Attributes:
        out: The folder; made if it is missing.
        files: Names of the reports to render, of `audit.report.formats.FORMATS`.
        sign: Whether a package is signed; it needs the HTML and the PDF.
        key: The signing key, asked for when the package is made; None makes one for this run, which proves integrity,
            not identity.
    """

    out: Path
    files: tuple[str, ...] = tuple(FORMATS.values())
    sign: bool = True
    key: Callable[[], SigningKey] | None = None
