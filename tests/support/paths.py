"""Where the checkout and the tests' assets are, for every test whatever its folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "tests" / "assets"
