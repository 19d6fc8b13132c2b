"""What pyproject.toml cannot say: records, schemas and templates are installed inside `audit`.

In a checkout they lie at its top; `audit/_util/paths.py` finds them in either place.
"""

from setuptools import find_packages, setup

DATA = {"audit._data.literature": "literature", "audit._data.templates": "templates"}

setup(
    packages=[*find_packages(include=["audit", "audit.*", "tasks", "tasks.*"]), *DATA],
    package_dir=DATA,
    package_data={
        "audit": ["py.typed", "**/*.json"],
        "tasks": ["py.typed", "**/*.json", "**/*.txt", "**/*.js"],
        **{package: ["**/*"] for package in DATA},
    },
    # Only what is named above: with this on, files that MANIFEST.in adds to the sdist would land in the wheel as well.
    include_package_data=False,
)
