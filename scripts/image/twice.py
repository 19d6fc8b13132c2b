"""Builds the image twice, in two folders and two stores, and says whether the two are the same, layer by layer.

    python scripts/image/twice.py [--target cpu|cuda] [--base IMAGE|ROOT.tar] [--build-arg NAME=VALUE ...]

Writes to out/image: `repro-audit-TARGET.tar` (the image, for `docker load` and `podman load`), `image.json` (its digests),
`debs.sha256`, `wheels.sha256`, `debian.tsv` and `image.cdx.json` (what it is made of). The second build has another time zone
and language. Needs buildah, and no daemon. Exit codes: 0 the same, 1 not the same or the build
failed, 2 usage, 3 buildah is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from audit._util.git import git, image_arguments  # noqa: E402
from scripts.image import bill, layers  # noqa: E402

SHELF = "usr/share/repro-audit"
ASSETS = "opt/assets/assets.tsv"
LISTS = ("debs.sha256", "wheels.sha256", "debian.tsv")


class BuildError(Exception):
    """A program that builds has failed; its output is on the terminal."""


def main(argv: list[str]) -> int:
    """Build, compare, write; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--base", help="instead of the Dockerfile's: an image, or a tar of a root file system")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "image", metavar="DIR")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="for the two stores (default: a temporary folder)")
    parser.add_argument("--no-diffoscope", action="store_true", help="list files that differ, and not what in them")
    options = parser.parse_args(argv)
    if shutil.which("buildah") is None:
        print("buildah is missing: apt-get install buildah", file=sys.stderr)
        return 3
    if options.base and options.base.endswith(".tar") and not Path(options.base).is_file():
        parser.error(f"there is no {options.base}")
    # Asked once: both builds are of one checkout, though somebody may go on working in it.
    facts = {"REVISION": "", "SOURCE_DATE_EPOCH": "0"} | image_arguments(ROOT)
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="image-") as scratch:
        try:
            images = [
                _build(options, Path(scratch) / name, facts, zone, language)
                for name, zone, language in (("first", "UTC", "C.UTF-8"), ("elsewhere/second", "Asia/Seoul", "C"))
            ]
        except BuildError as error:
            print(f"the build failed: {error}", file=sys.stderr)
            return 1
        same = _compare(images[0], images[1], None if options.no_diffoscope else shutil.which("diffoscope"))
        _write(options, images[0], facts, same)
    if images[0].health_check is None:
        print("the image has lost its health check", file=sys.stderr)
        return 1
    return 0 if same else 1


def _build(
    options: argparse.Namespace, folder: Path, facts: Mapping[str, str], zone: str, language: str
) -> layers.Image:
    """One build, from a copy of the files that git knows, with a store of its own."""
    source = folder / "source"
    folder.mkdir(parents=True)
    for name in (git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z") or "").split("\0"):
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
            (source / name).chmod(0o755 if os.access(ROOT / name, os.X_OK) else 0o644)
    buildah = ["buildah", "--root", f"{folder}/root", "--runroot", f"{folder}/run"]
    arguments = [*(f"{name}={value}" for name, value in facts.items()), *options.build_arg]
    if options.base:
        arguments.append(f"BASE={_base(buildah, options.base)}")
    begin = time.monotonic()
    _run(
        [*buildah, "bud", "--format", "docker", "--isolation", "chroot", "--network", "host", "--layers=false",
         "--timestamp", facts["SOURCE_DATE_EPOCH"], "--target", options.target,
         *(word for item in arguments for word in ("--build-arg", item)),
         "--tag", "localhost/repro-audit:built", "."],
        source, TZ=zone, LC_ALL=language,
    )  # fmt: skip
    archive = folder / "image.tar"
    _run(
        [*buildah, "push", "--quiet", "localhost/repro-audit:built", f"docker-archive:{archive}:repro-audit:built"],
        source,
    )
    print(f"built in {time.monotonic() - begin:.0f} s", flush=True)
    image = layers.read(archive, folder / "layers")
    shutil.rmtree(source)
    archive.unlink()
    return image


def _base(buildah: list[str], base: str) -> str:
    """The base's name; a tar of files becomes an image first."""
    if not Path(base).is_file():
        return base
    container = _run([*buildah, "from", "scratch"], ROOT, capture=True).strip()
    _run([*buildah, "add", "--quiet", container, str(Path(base).resolve()), "/"], ROOT)
    _run([*buildah, "commit", "--quiet", "--timestamp", "0", container, "localhost/base:given"], ROOT)
    _run([*buildah, "rm", container], ROOT, capture=True)
    return "localhost/base:given"


def _compare(one: layers.Image, other: layers.Image, diffoscope: str | None) -> bool:
    for number, (left, right) in enumerate(zip(one.diff_ids, other.diff_ids, strict=False), start=1):
        print(f"layer {number}: {left}" + ("" if left == right else f"\n     and: {right}"))
    print(f"image:   {one.config}" + ("" if one.config == other.config else f"\n     and: {other.config}"))
    differing = list(layers.differences(one, other))
    for path, what in differing:
        print(f"differs: {path or '(the image)'}: {what}")
    if differing and diffoscope:
        with tempfile.TemporaryDirectory() as scratch:
            pair = [Path(scratch) / name for name in ("first", "second")]
            for image, folder in zip((one, other), pair, strict=True):
                for path, content in layers.files(image, {path for path, _ in differing if path}).items():
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(content)
            if all(folder.is_dir() for folder in pair):
                subprocess.run([diffoscope, *map(str, pair)], check=False)
    return one.config == other.config


def _write(options: argparse.Namespace, image: layers.Image, facts: Mapping[str, str], same: bool) -> None:
    """What the build leaves behind."""
    found = layers.files(image, {f"{SHELF}/{name}" for name in LISTS})
    texts = {name: found.get(f"{SHELF}/{name}", b"").decode() for name in LISTS}
    for name, text in texts.items():
        (options.out / name).write_text(text, encoding="utf-8")
    assets = layers.files(image, {ASSETS}).get(ASSETS, b"").decode()  # none with ASSETS=skip
    document = bill.build(f"repro-audit-{options.target}", facts["REVISION"], texts["debian.tsv"], texts["debs.sha256"],
                          texts["wheels.sha256"], assets)  # fmt: skip
    (options.out / "image.cdx.json").write_text(_json(document), encoding="utf-8")
    record = {
        "target": options.target,
        "config": image.config,
        "layers": list(image.diff_ids),
        "labels": image.labels,
        "source_date_epoch": int(facts["SOURCE_DATE_EPOCH"]),
        "twice_the_same": same,
    }
    (options.out / "image.json").write_text(_json(record), encoding="utf-8")
    layers.write(image, options.out / f"repro-audit-{options.target}.tar", f"repro-audit:{options.target}")
    print(f"wrote {options.out}")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _run(command: list[str], folder: Path, *, capture: bool = False, **variables: str) -> str:
    output = subprocess.PIPE if capture else None
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, stdout=output, text=True, check=False, umask=0o022
    )
    if done.returncode:
        raise BuildError(f"`{' '.join(command[:2])} ...` ended with {done.returncode}")
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
