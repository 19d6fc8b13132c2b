"""What the scripts in this folder print. They run in the environments of others, and import nothing of this project."""

from __future__ import annotations

import json
import os
import time
from importlib import metadata


class Stopwatch:
    """Seconds since it was made, and processor seconds with the children that ended since."""

    def __init__(self) -> None:
        self.start, self.before = time.perf_counter(), os.times()

    def read(self) -> dict[str, float]:
        """Both, by their names in the results."""
        after = os.times()
        return {"seconds": time.perf_counter() - self.start, "processor": sum(after[:4]) - sum(self.before[:4])}


def found(values: dict[str, float], *distributions: str, **more: float) -> None:
    """Print the values, and the versions of the libraries that they are by."""
    versions = {name: metadata.version(name) for name in distributions}
    print(json.dumps({"values": values, "versions": versions, **more}))
