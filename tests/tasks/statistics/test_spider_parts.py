"""A printed SPIDEr against the printed CIDEr-D and SPICE."""

from __future__ import annotations

import pytest

from audit.cli import main
from tasks.errors import ScoringError
from tasks.statistics.spider_parts import readings


@pytest.mark.parametrize(
    ("value", "cider", "spice", "possible"),
    [
        ("30.97", "48.18", "13.76", (True, False, False)),  # the published means of CoNeTTE on Clotho
        ("30.95", "48.18", "13.76", (False, False, False)),
        ("48.18", "48.18", "13.76", (False, True, False)),
        ("13.8", "48.18", "13.76", (False, False, True)),
        ("40.3", None, None, (True, True, True)),
        ("140.3", None, None, (True, True, False)),
        ("560", None, None, (False, True, False)),
        ("30.97", "48.18", None, (True, False, True)),
    ],
)
def test_readings(value: str, cider: str | None, spice: str | None, possible: tuple[bool, ...]) -> None:
    assert tuple(one.possible for one in readings(value, "percent", cider, spice)) == possible


def test_a_fraction() -> None:
    assert [one.possible for one in readings("0.4818", "fraction", "0.4818", "0.1376")] == [False, True, False]


def test_a_string_that_is_no_number() -> None:
    with pytest.raises(ScoringError):
        readings("x", "percent")


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feasible", "30.97", "--cider", "48.18", "--spice", "13.76"]) == 0
    assert "30.97 is possible as the mean of CIDEr-D and SPICE" in capsys.readouterr().out
    assert main(["feasible", "48.18", "--cider", "48.18", "--spice", "13.76"]) == 1
    said = capsys.readouterr().out
    assert "It may be CIDEr-D alone under that name, printed as 48.18." in said
    assert "It is not SPICE alone." in said
    assert main(["feasible", "--claim", "aac-audiocaps.spider"]) == 0
    assert "40.3 is possible as the mean" in capsys.readouterr().out
    assert main(["feasible", "--spider"]) == 2
