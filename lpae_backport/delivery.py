# SPDX-License-Identifier: GPL-2.0-only
"""Puts a proven series where it was asked for: a folder, a mailbox, a branch, the tree itself.

Each place gets all of it or nothing.
"""

import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from lpae_backport.emission import Mail, modes_of, stream
from lpae_backport.errors import TreeError, UsageError
from lpae_backport.message import message
from lpae_backport.output import write_bytes
from lpae_backport.plan import Plan
from lpae_backport.repository import Surroundings


@dataclass(frozen=True)
class Places:
    """Where a series is to go; any number of them.

    Attributes:
        output: a folder for one file per patch.
        mbox: a file for all of them.
        branch: a new branch of the target's repository.
        apply: the target itself.
    """

    output: Path | None = None
    mbox: Path | None = None
    branch: str | None = None
    apply: bool = False

    def check(self, around: Surroundings) -> None:
        """Refuse, before any work, places that cannot take a series.

        Raises:
            UsageError: one of them.
        """
        if self.output is not None and self.output.exists():
            if not self.output.is_dir():
                raise UsageError("not a directory", where=str(self.output), hint="-o DIR")
            if any(self.output.glob("*.patch")):
                raise UsageError(
                    "holds patches already", where=str(self.output), hint="an empty DIR"
                )
        if self.mbox is not None and not self.mbox.parent.is_dir():
            raise UsageError("no such directory", where=str(self.mbox.parent))
        if self.apply and not around.root:
            raise UsageError("--apply needs OLD as a directory", hint="-o DIR, or --mbox")
        if self.branch is not None:
            if not around.top:
                raise UsageError("OLD stands in no git repository", hint="-o DIR, or --apply")
            around.check_name(self.branch)
            around.head()
            above = self.branch.split("/")
            for parent in ("/".join(above[:i]) for i in range(1, len(above))):
                if around.has(parent):
                    raise UsageError(f"there is a branch '{parent}'", hint="another NAME")
            if around.has(self.branch):
                raise UsageError(f"there is a branch '{self.branch}' already", hint="another NAME")


def deliver(
    plan: Plan,
    mails: list[Mail],
    places: Places,
    around: Surroundings,
    who: tuple[str, str],
    *,
    signoff: bool,
) -> list[str]:
    """Put a series in its places.

    Args:
        plan: the series.
        mails: what `emit` made of it.
        places: where to.
        around: the repository of the target.
        who: the author of commits.
        signoff: whether they sign them off.

    Returns:
        What to tell about each place.

    Raises:
        UsageError: a place cannot be written, or files of the target are not clean.
        TreeError: the target cannot be written.
    """
    if places.branch is not None or places.apply:
        _check_same(plan, around.root)
        _check_clean(plan, around)
    told = []
    if places.output is not None:
        _to_folder(places.output, mails)
        folder = places.output
        told.append(f"written to {folder}; in the repository, apply with:")
        told.append(f"  git am {_am(plan, around)}--empty=drop {folder.resolve()}/*.patch")
    if places.mbox is not None:
        write_bytes(b"".join(m.data for m in mails if not m.is_cover), str(places.mbox))
        told.append(f"written to {places.mbox}; in the repository, apply with:")
        told.append(f"  git am {_am(plan, around)}{places.mbox.resolve()}")
    if places.branch is not None:
        _to_branch(plan, places.branch, around, who, signoff=signoff)
        told.append(f"committed to branch {places.branch}")
    if places.apply:
        _to_tree(plan, around)
        told.append(f"made in {around.root}")
    return told


def _to_branch(
    plan: Plan, branch: str, around: Surroundings, who: tuple[str, str], *, signoff: bool
) -> None:
    signed = f"{who[0]} <{who[1]}>" if signoff else None
    texts = [message(p, plan, signed) for p in plan.patches]
    now = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    ref, head = f"refs/heads/{branch}", around.head()
    told_of = stream(
        _as_stored(plan, around),
        *(who, texts, ref, head),
        when=now,
        prefix=around.prefix,
        modes=modes_of(plan, around.tree),
    )
    around.commit_all(told_of)


def _am(plan: Plan, around: Surroundings) -> str:
    """Return the options that ``git am`` needs for this tree."""
    crlf = any(b"\r\n" in (data or b"") for data in plan.original.values())
    prefix = around.prefix.rstrip("/") or around.below
    return ("--keep-cr " if crlf else "") + (f"--directory={prefix} " if prefix else "")


def _check_same(plan: Plan, root: str) -> None:
    """Refuse to write over what changed since it was read."""
    for name, data in plan.original.items():
        path = Path(root, name)
        if (path.read_bytes() if path.is_file() else None) != data:
            raise UsageError("changed while the series was made", where=name, hint="run it again")


def _as_stored(plan: Plan, around: Surroundings) -> Plan:
    """Return the plan with the line ends that the repository stores, where attributes turn them."""
    turned = around.turned(
        sorted(n for n, data in plan.original.items() if b"\r\n" in (data or b""))
    )
    if not turned:
        return plan
    patches = [
        replace(
            p,
            files={n: d.replace(b"\r\n", b"\n") if d else d for n, d in p.files.items()},
        )
        for p in plan.patches
    ]
    return replace(plan, patches=patches)


def _check_clean(plan: Plan, around: Surroundings) -> None:
    """Refuse to build on files that differ from what their repository has."""
    if around.trouble:
        raise UsageError(f"git will not look at it: {around.trouble}", where=around.root)
    if not around.top:
        return
    dirty = around.changed(sorted(plan.original))
    if dirty:
        names = ", ".join(dirty[:4])
        raise UsageError(f"not clean: {names}", where=around.root, hint="commit or stash")


def _to_folder(folder: Path, mails: list[Mail]) -> None:
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
            for mail in mails:
                Path(name, mail.name).write_bytes(mail.data)
            folder.mkdir(exist_ok=True)
            for mail in mails:
                os.replace(Path(name, mail.name), folder / mail.name)
    except OSError as e:
        raise UsageError(f"cannot be written: {e.strerror}", where=str(folder)) from None


def _to_tree(plan: Plan, around: Surroundings) -> None:
    """Make the changes in the tree: first all new files beside the old, then all at once."""
    final: dict[str, bytes | None] = {}
    for patch in plan.patches:
        final |= patch.files
    ready: list[tuple[str, Path]] = []
    root = around.root
    modes = modes_of(plan, around.tree)
    try:
        for name, data in final.items():
            if data is not None:
                path = Path(root, name)
                usual = 0o755 if modes.get(name) == "100755" else 0o644
                mode = path.stat().st_mode & 0o777 if path.exists() else usual
                ready.append(_beside(path, data, mode))
        while ready:
            os.replace(*ready[-1])
            ready.pop()
        for name in (n for n, data in final.items() if data is None):
            Path(root, name).unlink(missing_ok=True)
    except OSError as e:
        raise TreeError(f"cannot be written: {e.strerror}", where=root) from None
    finally:
        for temporary, _ in ready:
            Path(temporary).unlink(missing_ok=True)


def _beside(path: Path, data: bytes, mode: int) -> tuple[str, Path]:
    """Write the new content of a file beside it; return both names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        os.chmod(temporary, mode)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary, path
