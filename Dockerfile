# The audit in an image: inference, every task's scorer, report and package.
#
#   docker build -t repro-audit .                            with CUDA, for inference on a GPU
#   docker build -t repro-audit:cpu --target cpu .           scoring and reports
#   docker run --gpus all -v WEIGHTS:/weights -v DATA:/data -v OUT:/out repro-audit
#
# docs/how-to/build-the-image.md says what is pinned how, and how to build where a source cannot be reached.

# Debian's slim image, not nvidia/cuda: CUDA's user space comes by hash with the wheels of requirements.lock (PyTorch loads that
# one, never the base's), NVIDIA deletes tags of old releases, and Debian keeps every package of every day at
# snapshot.debian.org, so that the system can be built again in years.
ARG BASE=debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

# ---- system: what every stage runs on. (Health check and labels are those of the last stages; the linter wants them in each.)
# hadolint ignore=DL3049,DL3057
FROM ${BASE} AS system
ARG DEBIAN_ARCHIVE=http://snapshot.debian.org/archive
ARG DEBIAN_SNAPSHOT=20261122T000000Z
ARG DEBIAN_MIRROR=http://deb.debian.org
ARG DEBIAN_VERSIONS=pinned
COPY scripts/image/ /usr/share/repro-audit/image/
RUN sh /usr/share/repro-audit/image/debian /usr/share/repro-audit/image/runtime.packages \
 && mkdir /weights /data /predictions /out \
 && chmod 1777 /out

# ---- build: what makes the environments
# hadolint ignore=DL3049,DL3057
FROM system AS build
ARG DEBIAN_ARCHIVE=http://snapshot.debian.org/archive
ARG DEBIAN_SNAPSHOT=20261122T000000Z
ARG DEBIAN_MIRROR=http://deb.debian.org
ARG DEBIAN_VERSIONS=pinned
RUN sh /usr/share/repro-audit/image/debian /usr/share/repro-audit/image/build.packages
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}

# ---- assets: what no package index has, each by its hash (tasks/backends/assets.json), reduced to what is read; with ASSETS=skip
# it is left out, as is the one without a known hash, and the conventions that need it are reported as not computable
# hadolint ignore=DL3049,DL3057
FROM system AS assets
ARG DEBIAN_ARCHIVE=http://snapshot.debian.org/archive
ARG DEBIAN_SNAPSHOT=20261122T000000Z
ARG DEBIAN_MIRROR=http://deb.debian.org
ARG DEBIAN_VERSIONS=pinned
ARG ASSETS=fetch
ARG ASSETS_MIRROR=
ARG FLORES101_SHA256=
WORKDIR /usr/share/repro-audit/image
COPY tasks/__init__.py tasks/
COPY tasks/backends/__init__.py tasks/backends/assets.py tasks/backends/assets.json tasks/backends/asset_files.py \
     tasks/backends/asset_errors.py tasks/backends/wheels.py tasks/backends/user_cache.py tasks/backends/
RUN mkdir /opt/assets \
 && case "$ASSETS" in \
      skip) echo "assets are skipped" ;; \
      *) { [ -n "$ASSETS_MIRROR" ] || { sh debian assets.packages && update-ca-certificates --fresh; }; } \
         && python3 -m tasks.backends.asset_files --into /opt/assets --mirror "$ASSETS_MIRROR" \
              --list /opt/assets/assets.tsv corenlp "flores101=$FLORES101_SHA256" ;; \
    esac

# hadolint ignore=DL3049,DL3057
FROM build AS environment-cpu
COPY requirements-cpu.lock /usr/share/repro-audit/requirements.lock
RUN sh /usr/share/repro-audit/image/environment packages /usr/share/repro-audit/requirements.lock

# ---- project: the same files in both images
# hadolint ignore=DL3049,DL3057
FROM environment-cpu AS project
COPY . /src
RUN sh /usr/share/repro-audit/image/environment project /src

# ---- runtime: settings of both images. The one place that can be written to besides /out is memory, so that a read-only root
# needs no further mount. An index of METEOR's paraphrases would be made there at every run, which pays only where it is kept.
# hadolint ignore=DL3049,DL3057
FROM system AS runtime
COPY --from=assets /opt/assets /opt/assets
ARG FLORES101_SHA256=
ENV PATH=/opt/repro-audit/bin:/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/dev/shm \
    TMPDIR=/dev/shm \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    REPRO_AUDIT_LOCK=/usr/share/repro-audit/requirements.lock \
    REPRO_AUDIT_ASSETS=/opt/assets \
    REPRO_AUDIT_METEOR_CACHE=off \
    REPRO_AUDIT_FLORES101_SHA256=${FLORES101_SHA256} \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /out
ENTRYPOINT ["repro-audit"]
CMD ["all", "--weights", "/weights", "--data", "/data", "--predictions", "/predictions", "--out", "/out"]
HEALTHCHECK --interval=5m --timeout=2m --start-period=2m CMD ["repro-audit", "doctor"]

# ---- cpu: without CUDA
FROM runtime AS cpu
COPY --from=environment-cpu /opt/venv /opt/venv
RUN python3 /usr/share/repro-audit/image/assets.py check /opt/venv/lib/python3.11/site-packages
COPY --from=environment-cpu /usr/share/repro-audit/wheels.sha256 /usr/share/repro-audit/requirements.lock /usr/share/repro-audit/
COPY --from=project /opt/repro-audit /opt/repro-audit
ARG SOURCE=
ARG REVISION=
ARG CREATED=
ENV REPRO_AUDIT_COMMIT=${REVISION}
LABEL org.opencontainers.image.title="repro-audit (cpu)" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532

# ---- cuda: everything; the image that a build makes by default
# hadolint ignore=DL3049,DL3057
FROM build AS environment-cuda
COPY requirements.lock /usr/share/repro-audit/requirements.lock
RUN sh /usr/share/repro-audit/image/environment packages /usr/share/repro-audit/requirements.lock

FROM runtime AS cuda
COPY --from=environment-cuda /opt/venv /opt/venv
RUN python3 /usr/share/repro-audit/image/assets.py check /opt/venv/lib/python3.11/site-packages
COPY --from=environment-cuda /usr/share/repro-audit/wheels.sha256 /usr/share/repro-audit/requirements.lock /usr/share/repro-audit/
COPY --from=project /opt/repro-audit /opt/repro-audit
ARG SOURCE=
ARG REVISION=
ARG CREATED=
ENV REPRO_AUDIT_COMMIT=${REVISION}
LABEL org.opencontainers.image.title="repro-audit" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
