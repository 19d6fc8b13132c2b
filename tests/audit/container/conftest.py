from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.container import base
from tests.support.container.daemon import CannotStartError, Daemon
from tests.support.paths import ROOT

PROGRAM = ROOT / "tests/support/container/program.sh"
DOCKERFILE = """\
ARG BASE
FROM ${BASE} AS cpu
ARG REVISION
ARG SOURCE_DATE_EPOCH
LABEL org.opencontainers.image.revision=$REVISION org.opencontainers.image.title=repro-audit
COPY repro-audit /bin/repro-audit
RUN chmod 755 /bin/repro-audit; echo a line of the step
ENV HOME=/dev/shm TMPDIR=/dev/shm
ENTRYPOINT ["repro-audit"]
CMD ["all", "--weights", "/weights", "--data", "/data", "--out", "/out"]
FROM cpu AS failing
RUN echo the last words; exit 7
"""


@dataclass(frozen=True)
class Host:
    """An engine for tests: its address, and the package's client."""

    url: str
    client: Any

    def containers(self) -> list[dict[str, Any]]:
        """The containers of `repro-audit container run`, dead or alive."""
        found: list[dict[str, Any]] = self.client.containers(all=True, filters={"label": "org.repro-audit.run"})
        return found


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A real engine: that of REPRO_AUDIT_TEST_ENGINE, else one of our own, else the one that DOCKER_HOST leads to."""
    docker = pytest.importorskip("docker", reason="the docker package is not installed")
    reason = None
    daemon = None
    given = os.environ.get("REPRO_AUDIT_TEST_ENGINE")
    if given:
        reason = f"REPRO_AUDIT_TEST_ENGINE={given}"
    elif os.getuid() != 0:
        reason = "not root, so no engine can be started"
    elif shutil.which("dockerd") is None:
        reason = "dockerd is not installed"
    else:
        daemon = Daemon()
        try:
            daemon.start()
        except CannotStartError as error:
            reason, daemon = str(error), None
    url = given or (daemon.host if daemon else os.environ.get("DOCKER_HOST"))
    if not url:
        pytest.skip(f"no Docker engine: {reason}, and DOCKER_HOST is not set")
    try:
        client = docker.APIClient(base_url=url, version="auto", timeout=60)
    except docker.errors.DockerException as error:
        if given:  # whoever names an engine wants these tests
            pytest.fail(f"{reason} does not answer: {error}")
        pytest.skip(f"no Docker engine: {reason}, and DOCKER_HOST={url} does not answer: {error}")
    yield Host(url, client)
    client.close()
    if daemon:
        daemon.remove()


@pytest.fixture
def spare() -> Iterator[Daemon]:
    """An engine of one test, to be killed or to be empty."""
    pytest.importorskip("docker", reason="the docker package is not installed")
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("needs dockerd, and root to start an engine of its own")
    daemon = Daemon()
    try:
        daemon.start()
    except CannotStartError as error:
        pytest.skip(str(error))
    yield daemon
    daemon.remove()


@pytest.fixture(scope="session")
def base_tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "base.tar"
    base.write(path)
    return path


@pytest.fixture(scope="session")
def debian_tar(request: pytest.FixtureRequest) -> Path:
    """Debian's smallest system as a tar; REPRO_AUDIT_TEST_BASE names the folder that keeps it between runs."""
    given = os.environ.get("REPRO_AUDIT_TEST_BASE")
    folder = Path(given) if given else Path(str(request.config.cache.mkdir("repro-audit")))
    folder.mkdir(parents=True, exist_ok=True)
    return base.debootstrap(folder)


@pytest.fixture(scope="session")
def base_image(host: Host, base_tar: Path) -> str:
    """The small base image's tag in the engine."""
    return import_base(host.client, base_tar)


def import_base(client: Any, path: Path) -> str:
    """Import the small base image; its tag."""
    tag = "localhost/repro-audit-test-base:1"
    client.import_image_from_file(str(path), repository=tag)  # Podman overlooks a tag apart
    return tag


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to build from: a shell script plays the program."""
    folder = tmp_path_factory.mktemp("context")
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    shutil.copy(PROGRAM, folder / "repro-audit")
    return folder


@pytest.fixture(scope="session")
def image(host: Host, base_image: str, context: Path) -> str:
    """The test image's id."""
    from audit.container.build import Plan, build
    from audit.container.engine import connect

    engine = connect(host.url)
    plan = Plan(context, context / "Dockerfile", "cpu", {"BASE": base_image}, "repro-audit-test:1", "host")
    try:
        return build(engine, plan, sys.stderr).id
    finally:
        engine.client.close()
