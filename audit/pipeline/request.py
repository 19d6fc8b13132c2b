"""The requests for an audit; light to import, so that a caller can build one before anything heavy is loaded."""

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
    """What to audit, and how.

    Attributes:
        study: The id of a study in the literature's `studies/`.
        predictions: Holds `TASK.jsonl` files; with None or without such files, only recorded values are audited.
        literature: The folder with `studies/`, `reproductions/` and `works/`.
        probes: Folder with results of `repro-audit probe`; may be None or missing.
        replicates: Bootstrap replicates; 0 for no intervals.
        cache: Folder for counts and intervals kept between runs; None for no cache.
        engine: Where rows are counted, see `audit.scoring.pool`.
        workers: Number of counting processes; None for one per processor.
        outputs: Store of public outputs (`audit.literature.outputs.store`); None reads none.
        signing: How the document will be signed, as stated in it; None if it will not be.
    """

    study: str = "salmonn"
    predictions: Path | None = None
    literature: Path = LITERATURE
    probes: Path | None = None
    replicates: int = REPLICATES
    cache: Path | None = None
    engine: EngineName = "auto"
    workers: int | None = None
    outputs: Path | None = None
    signing: Signing | None = None

    def __post_init__(self) -> None:
        if self.replicates < 0:
            raise InputError("must not be negative", where="replicates", fix="Give 0 for no intervals.")


@dataclass(frozen=True, slots=True)
class PublicationRequest:
    """Where an audit's results go.

    Attributes:
        out: The folder; made if it is missing.
        files: File names of the reports to render, from `audit.report.formats.FORMATS`.
        sign: Whether to sign a package, which needs the HTML and the PDF.
        key: Loads the signing key when the package is made; None makes a key for this run, which proves integrity, not
            identity.
        certificate: The key's certificate and its chain, PEM; None for one made from the key.
    """

    out: Path
    files: tuple[str, ...] = tuple(FORMATS.values())
    sign: bool = True
    key: Callable[[], SigningKey] | None = None
    certificate: Path | None = None
