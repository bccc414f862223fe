# SPDX-License-Identifier: GPL-2.0-only
"""Git repositories and archives, as the tests need them."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

_ENV = {
    **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
}


def git(folder: Path, *args: object, data: bytes = b"") -> str:
    """Run git in a folder and return what it says."""
    done = subprocess.run(
        ["git", *map(str, args)], cwd=folder, env=_ENV, input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def commit(folder: Path, text: str = "state") -> str:
    """Commit all that stands in a folder, in a repository there; return the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", text)
    return git(folder, "rev-parse", "HEAD")


def pack_up(folder: Path, archive: Path, top: str = "linux-4.9") -> Path:
    """Make a tarball of a folder; its name says how it is compressed."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        tar.add(folder, top, filter=lambda i: None if i.name.endswith("/.git") else i)
    archive.write_bytes(squeezed(raw.getvalue(), archive.name))
    return archive


def squeezed(data: bytes, name: str) -> bytes:
    """Compress as the name of a file says."""
    if name.endswith(".gz"):
        import gzip

        return gzip.compress(data)
    if name.endswith(".xz"):
        import lzma

        return lzma.compress(data, preset=0)
    if name.endswith(".bz2"):
        import bz2

        return bz2.compress(data)
    if name.endswith(".zst"):
        import zstandard

        return zstandard.compress(data)
    return data


def package(inner: bytes, name: str, data_name: str = "data.tar.xz") -> bytes:
    """Make a Debian package that holds one file."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(inner)
        tar.addfile(info, io.BytesIO(inner))
    parts = [("debian-binary", b"2.0\n"), ("control.tar", b"x"), (data_name, raw.getvalue())]
    out = b"!<arch>\n"
    for part, content in parts:
        content = squeezed(content, part)
        out += f"{part:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        out += content + b"\n" * (len(content) % 2)
    return out
