"""A Docker engine of the tests' own, with its own data and socket, and none of the host's network rules."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SECONDS = 40


class CannotStartError(Exception):
    """Why there is no engine."""


class Daemon:
    """`dockerd` in a folder with a short name: a socket's path may have 107 bytes."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ra-", dir="/tmp"))
        self.host = f"unix://{self.folder}/s"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none",
                   "--data-root", f"{self.folder}/d", "--exec-root", f"{self.folder}/e",
                   "-H", self.host, "--pidfile", f"{self.folder}/p"]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            # A session of its own: Ctrl-C at pytest must not take it before its containers.
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        self.remove()
        raise CannotStartError(
            f"dockerd does not start: {text.strip().splitlines()[-1][-300:] if text else 'no output'}"
        )

    def _answers(self) -> bool:
        # Not by the docker package: it leaves a socket open for every attempt that fails.
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            connection.connect(self.host.removeprefix("unix://"))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(100)
        return False

    def kill(self) -> None:
        """The engine dies without a word; its containers live on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # Its containerd goes with it. Where nobody collects dead orphans, the next engine would take it for alive.
        (self.folder / "e" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def remove(self) -> None:
        """Stop it, and leave nothing of it: no mount, no file."""
        self.stop()
        for process in self._survivors():
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
        for mount in sorted((one for one in mounts if one.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.folder)

    def _survivors(self) -> list[int]:
        """What a killed engine has left running: the minders of its containers, and their children."""
        shims, parents = [], {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                process = int(folder.name)
                parents[process] = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                if f"{self.folder}/e/".encode() in (folder / "cmdline").read_bytes():
                    shims.append(process)
        return shims + [process for process, parent in parents.items() if parent in shims]
