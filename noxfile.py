"""What there is to do with a checkout: `nox -l` lists it."""

from __future__ import annotations

import os
import subprocess

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "typecheck", "tests"]

LOCKS = {
    # file -> what pip-compile is told; hashes of every artefact are in it
    "requirements-base.lock": ["pyproject.toml"],
    "requirements-test.lock": ["--extra", "test", "pyproject.toml"],
    "requirements-nox.lock": ["requirements-nox.in"],
    "requirements-docs.lock": ["requirements-docs.in"],
    # the image without CUDA: scoring and reports
    "requirements-cpu.lock": [
        option for extra in ("captions", "flores", "judge", "redis") for option in ("--extra", extra)
    ]
    + ["pyproject.toml"],
    # the image
    "requirements.lock": [
        option
        for extra in ("captions", "flores", "inference", "judge", "ray", "redis")
        for option in ("--extra", extra)
    ]
    + ["pyproject.toml"],
}


# Not from a lock: which build of torch there is depends on the machine, and its hash with it. The newest torch brings
# gigabytes of CUDA; this version is what the model was checked with. `serving` is a server for the judge's tests.
TORCH = ("torch==2.13.0", "transformers[serving]==5.23.0", "accelerate>=1.10", "peft>=0.17", "safetensors>=0.5",
         "soundfile>=0.13", "soxr>=0.5")  # fmt: skip


def source_date_epoch() -> str:
    """The audit's date: the variable if it is set, else the last commit's, so that two runs give the same bytes."""
    known = os.environ.get("SOURCE_DATE_EPOCH")
    if known:
        return known
    found = subprocess.run(["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "0"


def group(name: str) -> tuple[str, ...]:
    """The packages of a dependency group of pyproject.toml."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), name)


def install(session: nox.Session, lock: str) -> None:
    """The locked packages, and the project itself without looking for more."""
    session.install("--quiet", "--require-hashes", "-r", lock)
    session.install("--quiet", "--no-deps", "--no-build-isolation", "-e", ".")


@nox.session
def audit(session: nox.Session) -> None:
    """Run the audit into out/; arguments go to `repro-audit run`, with --container to `repro-audit container run`."""
    install(session, "requirements-base.lock")
    command, arguments = ["run"], list(session.posargs)
    if "--container" in arguments:
        arguments.remove("--container")
        command = ["container", "run"]
    session.run("repro-audit", *command, *arguments, env={"SOURCE_DATE_EPOCH": source_date_epoch()})


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need neither torch nor a GPU, on all processors; arguments go to pytest, which then runs on one."""
    install(session, "requirements-test.lock")
    # More than four processes would need more memory than a laptop has: several tests start Java or a browser.
    chosen = session.posargs or ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadscope"]
    session.run("pytest", *chosen, env={"COLUMNS": "80"})


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests that are neither slow nor need Docker or a browser, and fail if they reach less than the floor.

    A session of its own: measuring costs about a third more time. Arguments go to pytest.
    """
    install(session, "requirements-test.lock")
    session.install("--quiet", *group("coverage"))
    chosen = session.posargs or ["-m", "not slow and not docker and not browser"]
    session.run("coverage", "run", "-m", "pytest", "-q", *chosen, env={"COLUMNS": "80"})
    session.run("coverage", "report")


@nox.session
def tests_inference(session: nox.Session) -> None:
    """Run the tests that need torch, on a CPU, and those that need Ray; arguments go to pytest."""
    install(session, "requirements-test.lock")
    # kaldi-native-fbank is an oracle of the filter bank; the extra `whisper` brings its own runtime.
    session.install("--quiet", *TORCH, "kaldi-native-fbank>=1.21", "ray>=2.50", "faster-whisper>=1.1")
    chosen = session.posargs or ["tests/audit/inference", "tests/tasks/datasets", "tests/audit/judge/test_local.py",
                                 "tests/audit/judge/test_real_servers.py",
                                 "tests/audit/scoring/test_shards.py", "tests/audit/scoring/test_ray_captions.py",
                                 "tests/audit/cli/test_kills.py::test_infer_and_merge",
                                 "tests/audit/container/test_cpu_image.py"]  # fmt: skip
    session.run("pytest", *chosen, env={"COLUMNS": "80", "OMP_NUM_THREADS": "2"})


@nox.session(name="long")
def long_checks(session: nox.Session) -> None:
    """Run what takes more than minutes: 10,000 random audits and samples, 100,000 mutated files, 1,000 planted gaps.

    Then the session `debian`: Debian 12 has the oldest Python that is supported. Run once for a release;
    docs/explanation/tests.md has the figures. Arguments go to pytest, and leave `debian` out.
    """
    if not session.posargs:
        # After this session.
        session.notify("debian", [])
    install(session, "requirements-test.lock")
    # llama-cpp-python is compiled here; no wheel holds it.
    session.install("--quiet", *TORCH, "llama-cpp-python[server]>=0.3", "gguf>=0.17")
    session.run("sh", "scripts/ecosystem-tools", "all", external=True)
    chosen = session.posargs or ["tests/audit/verdict/test_random_audits.py", "tests/audit/test_fuzz_rows.py",
                                 "tests/audit/importers/test_fuzz.py", "tests/audit/test_fuzz_readers.py",
                                 "tests/audit/importers/test_real_tools.py", "tests/audit/judge/test_real_servers.py",
                                 "tests/audit/cli/test_slurm.py", "tests/audit/cli/test_kills.py",
                                 "tests/tasks/statistics/confidence_sequences", "tests/audit/analysis/test_attribution.py",
                                 "tests/tasks/analysis/test_attribution.py",
                                 "tests/tasks/metrics/test_spice.py", "tests/tasks/metrics/test_nltk_meteor.py",
                                 "tests/tasks/backends/test_paraphrases.py"]  # fmt: skip
    session.run(
        "pytest",
        *chosen,
        env={
            "COLUMNS": "80",
            "REPRO_AUDIT_AUDITS": "10000",
            "REPRO_AUDIT_FUZZ": "100000",
            "REPRO_AUDIT_GAPS": "1000",
            "REPRO_AUDIT_SPICE_ROWS": "1045",
            "REPRO_AUDIT_METEOR_PAIRS": "100000",
            "REPRO_AUDIT_KILLS": "1",
        },
    )


@nox.session
def ecosystem(session: nox.Session) -> None:
    """Import what other programs write, and let others' validators check what is exported; arguments go to pytest.

    Installs lm-evaluation-harness, inspect_ai and the validators (scripts/ecosystem-tools).
    """
    install(session, "requirements-test.lock")
    session.run("sh", "scripts/ecosystem-tools", "all", external=True)
    session.run("pytest", *(session.posargs or ["tests/audit/importers/test_real_tools.py", "tests/audit/exporters"]))


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the code of metrics, statistics and the verdict mutant by mutant, and see that a test fails for each.

    Arguments: `tasks/metrics` or other parts of these, `--jobs N`, `--keep` to run only survivors and changed functions again.
    """
    install(session, "requirements-test.lock")
    session.install("--quiet", *group("mutation"))
    session.run("python", "tests/mutation/run.py", "--folder", f"{session.create_tmp()}/copy", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the speed against other programs, five times each, and write docs/explanation/performance.md.

    Arguments go to `python -m benchmarks`: `--quick`, `--only PART`, `--captions FILE`.
    """
    install(session, "requirements-test.lock")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(venv_backend="none")
def debian(session: nox.Session) -> None:
    """Both commands of the README on new, bare Debians, as root: 12 and 13, or those named (`bookworm`, `trixie`)."""
    for suite in session.posargs or ("bookworm", "trixie"):
        readme = "sh scripts/audit && sh scripts/tests"
        session.run("sh", "scripts/bare-debian", readme, external=True, env={"SUITE": suite})


@nox.session(venv_backend="none")
def image(session: nox.Session) -> None:
    """Build the image twice without a daemon and compare the two; arguments go to scripts/image/twice.py."""
    session.run("python3", "scripts/image/twice.py", *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, layers, the Dockerfile, and the literature's records."""
    install(session, "requirements-base.lock")
    session.install("--quiet", *group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-cache", "--no-logo")
    session.run("typos")
    session.run("hadolint", "--config", ".hadolint.yaml", "Dockerfile")
    session.run("repro-audit", "literature", "lint")


@nox.session
def messages(session: nox.Session) -> None:
    """Collect the report's messages, and bring the catalogues in templates/locale/ up to date."""
    install(session, "requirements-base.lock")
    session.run("python", "scripts/messages.py")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Mypy, strict."""
    install(session, "requirements-test.lock")
    session.install("--quiet", *group("types"))
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation's site into out/site; a link that leads nowhere is an error. Arguments go to mkdocs build."""
    session.install("--quiet", "--require-hashes", "-r", "requirements-docs.lock")
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def package(session: nox.Session) -> None:
    """Build the source distribution and the wheel into dist/."""
    session.install("--quiet", "build>=1.2", "setuptools>=80")
    session.run(
        "python", "-m", "build", "--no-isolation", "--outdir", "dist", env={"SOURCE_DATE_EPOCH": source_date_epoch()}
    )


@nox.session
def lock(session: nox.Session) -> None:
    """Write the lock files anew from pyproject.toml; with names of packages: upgrade these."""
    session.install("--quiet", "pip-tools>=7.5")
    options = ["--quiet", "--generate-hashes", "--strip-extras", "--no-emit-index-url", "--no-emit-find-links",
               "--no-emit-trusted-host", "--allow-unsafe", "--resolver=backtracking"]  # fmt: skip
    for name, what in LOCKS.items():
        upgrades = [option for package in session.posargs for option in ("--upgrade-package", package)]
        session.run("pip-compile", *options, *upgrades, "--output-file", name, *what,
                    env={"CUSTOM_COMPILE_COMMAND": "nox -s lock"})  # fmt: skip
