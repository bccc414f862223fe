# SPDX-License-Identifier: GPL-2.0-only
"""Puts a drafted pack where it was asked for: whole and proven, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lpae_backport.cases import run_cases
from lpae_backport.errors import ProofError, RuleError, UsageError
from lpae_backport.ruleset import load_pack

_PARTS = frozenset({"pack.yaml", "README.md", "steps", "cases"})
"""What a pack consists of; a folder with anything else in it is never replaced."""


def check_folder(folder: Path, *, force: bool) -> None:
    """Refuse, before any work, a folder that cannot take a pack.

    Args:
        folder: the folder.
        force: whether a pack that is there may be replaced.

    Raises:
        UsageError: it holds something.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError("not a directory", where=str(folder), hint="-o DIR")
    present = {p.name for p in folder.iterdir()}
    if not present:
        return
    if "pack.yaml" not in present or present - _PARTS:
        raise UsageError("holds other files", where=str(folder), hint="-o with an empty DIR")
    if not force:
        raise UsageError("holds a pack already", where=str(folder), hint="--force replaces it")


def put(files: Mapping[str, str], folder: Path) -> None:
    """Write a pack, read it back, run its cases, and only then put it in its place.

    Args:
        files: its files, by path below the folder.
        folder: where it goes; a pack that is there is replaced.

    Raises:
        UsageError: the folder cannot be written.
        ProofError: what was written is no pack, or a case of it fails: ours to mend.
    """
    target = Path(os.path.abspath(folder))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
            made = Path(name, "new")
            for path, text in files.items():
                place = made / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8", errors="replace")
            _check(made)
            if target.exists():
                os.replace(target, Path(name, "old"))
            try:
                os.replace(made, target)
            except OSError:
                if Path(name, "old").exists():
                    os.replace(Path(name, "old"), target)
                raise
            shutil.rmtree(Path(name, "old"), ignore_errors=True)
    except OSError as e:
        raise UsageError(f"cannot be written: {e.strerror}", where=str(folder)) from None


def _check(made: Path) -> None:
    try:
        pack = load_pack(made)
        failed = [
            f"{r.case.step} {r.case.name}"
            for step in pack.steps
            for r in run_cases(pack, step)
            if not r.passed
        ]
    except RuleError as e:
        raise ProofError(f"the drafted pack is no pack: {e.message}") from None
    if failed:
        raise ProofError(f"cases of the drafted pack fail: {', '.join(failed)}")
