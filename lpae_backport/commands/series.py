# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit series OLD NEW``."""

import os
import tempfile
import time
from pathlib import Path

import click

from lpae_backport.building import build_each
from lpae_backport.emission import Mail, emit, stat, stream
from lpae_backport.errors import ExitCode, ProofError, TreeError, UsageError
from lpae_backport.message import message, summary
from lpae_backport.output import Progress, warn, write_report
from lpae_backport.packs import load_packs, select
from lpae_backport.repository import Surroundings, identity
from lpae_backport.series import Plan, Planner, rest_of
from lpae_backport.tree import Tree

_FILE = click.Path(path_type=Path)


@click.command("series")
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option("-o", "--output", type=_FILE, metavar="DIR", help="Write the patches to DIR.")
@click.option(
    "--mbox", type=_FILE, metavar="FILE", help="Write them to FILE, one mail after another."
)
@click.option("--branch", metavar="NAME", help="Commit them to a new branch of OLD's repository.")
@click.option(
    "--apply", "apply_", is_flag=True, help="Make the changes in OLD, if what they touch is clean."
)
@click.option("--dry-run", is_flag=True, help="Plan and prove, write nothing.")
@click.option("--stat", "stat_", is_flag=True, help="Show what each patch changes.")
@click.option(
    "--step", "steps", multiple=True, metavar="ID", help="Only this step; 1.6.2 means all below it."
)
@click.option("--pack", metavar="NAME", help="Take this pack (there must be one).")
@click.option("--rules", type=_FILE, metavar="DIR", help="Take the packs from DIR.")
@click.option(
    "--from", "author", metavar="IDENT", help="Author, as 'Name <address>'.  [default: git's]"
)
@click.option(
    "--signoff/--no-signoff", default=True, show_default=True, help="Sign the patches off."
)
@click.option(
    "--start-number",
    type=click.IntRange(1, 9000),
    default=1,
    metavar="N",
    help="Number the first patch N.",
)
@click.option("--build", "build", metavar="CMD", help="Run CMD in a copy of OLD behind each patch.")
def command(
    old: str,
    new: str,
    output: Path | None,
    mbox: Path | None,
    branch: str | None,
    apply_: bool,
    dry_run: bool,
    stat_: bool,
    steps: tuple[str, ...],
    pack: str | None,
    rules: Path | None,
    author: str | None,
    signoff: bool,
    start_number: int,
    build: str | None,
) -> int:
    """Write the steps that OLD lacks as a series of patches, proven, with NEW as the reference.

    The series applies with: git am --empty=drop DIR/*.patch
    """
    if not (output or mbox or branch or apply_ or dry_run):
        raise UsageError(
            "nowhere to write to", hint="-o DIR, --mbox, --branch, --apply or --dry-run"
        )
    selected = select(load_packs(rules, (pack,) if pack else ()), steps)
    if len(selected) != 1:
        names = ", ".join(p.id for p, _ in selected)
        raise UsageError(f"more than one pack: {names}", hint="--pack NAME")
    target, reference = Tree(old), Tree(new)
    around = Surroundings(target.root)
    _check_places(output, mbox, branch, around)
    who = identity(author, target.root)
    chosen, wanted = selected[0]
    with Progress(len(chosen.series) + 1, "planning") as bar:
        plan = Planner(target, reference, chosen, wanted).run(bar.advance)
        plan.start = start_number
        again = rest_of(plan, target, reference, wanted)
    if again:
        raise ProofError(f"a second series would not be empty: {again[0].subject}")
    if not plan.patches:
        write_report(_report(plan, stat_, []), None)
        return ExitCode.FINDINGS if plan.open else ExitCode.DONE
    built = _built(plan, target.root, build, output) if build else ""
    mails = emit(plan, who, signoff=signoff, built=built)
    written = (
        []
        if dry_run
        else _write(plan, mails, target, around, who, signoff, output, mbox, branch, apply_)
    )
    write_report(_report(plan, stat_, written), None)
    return ExitCode.FINDINGS if plan.open else ExitCode.DONE


def _check_places(
    output: Path | None, mbox: Path | None, branch: str | None, around: Surroundings
) -> None:
    """Refuse, before any work, places that cannot take the series."""
    if output is not None and output.exists():
        if not output.is_dir():
            raise UsageError("not a directory", where=str(output), hint="-o DIR")
        if any(output.glob("*.patch")):
            raise UsageError("holds patches already", where=str(output), hint="an empty DIR")
    if mbox is not None and not mbox.parent.is_dir():
        raise UsageError("no such directory", where=str(mbox.parent))
    if branch is not None:
        if not around.top:
            raise UsageError("OLD stands in no git repository", hint="-o DIR, or --apply")
        around.check_name(branch)
        if around.has(branch):
            raise UsageError(f"there is a branch '{branch}' already", hint="another NAME")


def _built(plan: Plan, root: str, build: str, output: Path | None) -> str:
    logs = output.with_name(f"{output.name}.logs") if output else Path("lpae-audit.logs")
    with Progress(len(plan.patches) + 1, "building") as bar:
        broken = build_each(plan, root, build, logs, bar.advance)
    if broken is None:
        return f"built before the first patch and behind each with: {build}"
    what = (
        f"patch {broken.number:04} breaks the build"
        if broken.number
        else "OLD itself does not build"
    )
    raise BuildError(
        f"{what} (status {broken.status})", where=str(broken.log), hint="no series was written"
    )


class BuildError(TreeError):
    """A state of the tree that does not build; no series is left behind."""

    exit_code = ExitCode.FINDINGS


def _write(
    plan: Plan,
    mails: list[Mail],
    target: Tree,
    around: Surroundings,
    who: tuple[str, str],
    signoff: bool,
    output: Path | None,
    mbox: Path | None,
    branch: str | None,
    apply_: bool,
) -> list[str]:
    """Write the series to each place that was asked for; return what to tell of it."""
    written = []
    if branch is not None or apply_:
        _check_clean(plan, around)
    if output is not None:
        _write_folder(output, mails)
        written.append(f"written to {output}; apply with: git am --empty=drop {output}/*.patch")
    if mbox is not None:
        text = b"".join(m.data for m in mails if not m.is_cover)
        _write_file(mbox, text)
        written.append(f"written to {mbox}; apply with: git am {mbox}")
    if branch is not None:
        signed = f"{who[0]} <{who[1]}>" if signoff else None
        messages = [message(p, plan.pack.id, signed) for p in plan.patches]
        ref = f"refs/heads/{branch}"
        now = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
        around.commit_all(
            stream(plan, who, messages, ref, around.head(), when=now, prefix=around.prefix)
        )
        written.append(f"committed to branch {branch}")
    if apply_:
        _apply(plan, target.root)
        written.append(f"made in {target.root}")
    return written


def _check_clean(plan: Plan, around: Surroundings) -> None:
    """Refuse to build on files that differ from what their repository has."""
    if not around.top:
        return
    dirty = around.changed(sorted(plan.original))
    if dirty:
        raise UsageError(
            f"not clean: {', '.join(dirty[:4])}", where=around.root, hint="commit or stash"
        )


def _write_folder(folder: Path, mails: list[Mail]) -> None:
    """Write a series to a folder: all of it, or nothing."""
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


def _write_file(path: Path, data: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as e:
        raise UsageError(f"cannot be written: {e.strerror}", where=str(path)) from None


def _apply(plan: Plan, root: str) -> None:
    """Make the changes in the tree: first all new files beside the old, then all at once."""
    final: dict[str, bytes | None] = {}
    for patch in plan.patches:
        final |= patch.files
    ready: list[tuple[str, Path]] = []
    try:
        for name, data in final.items():
            path = Path(root, name)
            if data is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
                ready.append((temporary, path))
                with os.fdopen(handle, "wb") as f:
                    f.write(data)
                os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
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


def _report(plan: Plan, stat_: bool, written: list[str]) -> str:
    lines = []
    state = dict(plan.original)
    for number, patch in enumerate(plan.patches, plan.start):
        lines.append(f"{number:04}  {patch.subject}  [{', '.join(s.id for s in patch.steps)}]")
        if stat_:
            lines += [f"        {line}" for line in stat(patch, state)]
            state |= patch.files
    for m in plan.manual:
        place = f" ({m.place})" if m.place else ""
        lines.append(f"hand  {m.step.id}: {m.reason}{place}")
    left = [s for s in plan.open if s not in {m.step.id for m in plan.manual}]
    if left:
        lines.append(f"not asked for, still open: {', '.join(left)}")
    lines.append(summary(plan))
    for note in plan.notes:
        warn(note)
    return "\n".join([*lines, *written]) + "\n"
