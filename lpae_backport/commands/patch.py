# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit patch FILE… --tree TREE``."""

import os
from collections.abc import Iterable
from dataclasses import replace

import click

from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode, TreeError, UsageError
from lpae_backport.filetree import FileTree
from lpae_backport.format.patch import FORMATS, PatchReport, Shown
from lpae_backport.format.patchdata import UNCHECKED
from lpae_backport.mailpatch.model import Patch
from lpae_backport.mailpatch.reading import all_patches_of
from lpae_backport.output import Progress, tell, warn, write_bytes, write_report
from lpae_backport.presence.judging import judge
from lpae_backport.presence.trial import Trial, tried
from lpae_backport.presence.verdict import HunkStatus, PatchVerdict


@click.command("patch")
@click.argument("files", metavar="FILE…", type=click.Path(), nargs=-1, required=True)
@click.option("--tree", "given", required=True, type=click.Path(), help="The tree to look in.")
@click.option(
    "--new", type=click.Path(), help="A tree with the patch, to look up what must come first."
)
@click.option(
    "--arch",
    default="arm64",
    show_default=True,
    help="With --new: the kernel's ARCH.",
)
@click.option("--comments", is_flag=True, help="Print the patch with its review remarks.")
@click.option(
    "--emit", type=click.Path(), metavar="FILE", help="Write the mended patch to FILE, for git am."
)
@click.option("--check-apply", is_flag=True, help="Say whether git apply would take the patch.")
@click.option("--no-prerequisites", is_flag=True, help="Do not look for what must come first.")
@click.option("-v", "--verbose", count=True, help="Show every hunk, line and repair.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write the report to FILE.")
@click.option("--exit-zero", is_flag=True, help="End with 0 even if not all of it is applied.")
def command(
    files: tuple[str, ...],
    given: str,
    new: str | None,
    arch: str,
    comments: bool,
    emit: str | None,
    check_apply: bool,
    no_prerequisites: bool,
    verbose: int,
    form: str,
    output: str | None,
    exit_zero: bool,
) -> int:
    """Say whether a patch is in TREE, hunk by hunk, and what it needs first.

    FILE is a patch, a mail or its text as an archive shows it, an mbox or maildir, a folder with
    a series, REPO@REV, REPO@A..B, or - for standard input. Several are taken one after the other.

    Ends with 0 if all of it is applied, with 1 if not, and with 4 if something is no patch: what
    else there is is reported all the same, and if there is nothing else, that.
    """
    _refuse_overwriting(files, (emit, output))
    tree = opened(given, None)
    reference = opened(new, None) if new is not None else None
    patches, unread = all_patches_of(files, tree)
    for e in unread:
        tell(f"error: {e}")
    if emit is not None:
        _emit(patches, unread, emit)
    verdicts = _judged(patches, tree)
    if not no_prerequisites:
        from lpae_backport.presence.prerequisites import with_prerequisites

        verdicts = with_prerequisites(verdicts, tree, reference, arch)
    trials: tuple[Trial, ...] = ()
    if check_apply:
        trials = _trials(patches, tree)
    report = PatchReport(tree, tuple(verdicts), trials, tuple(unread))
    write_report(FORMATS[form](report, Shown(verbose, comments)), output)
    if unread:
        return ExitCode.BAD_INPUT
    done = all(v.status is HunkStatus.APPLIED for v in verdicts)
    return ExitCode.DONE if done or exit_zero else ExitCode.FINDINGS


def _refuse_overwriting(files: Iterable[str], written: Iterable[str | None]) -> None:
    """Refuse to write over what is to be read."""
    for path in (w for w in written if w is not None and os.path.exists(w)):
        for f in files:
            if os.path.exists(f) and os.path.samefile(f, path):
                raise UsageError("it is read and written", where=path, hint="name another file")


def _emit(patches: list[Patch], unread: list[TreeError], path: str) -> None:
    """Write patches as mails, all or none of them."""
    from lpae_backport.mailpatch.written import mail_of

    if unread:
        warn(f"{path}: not written, as {unread[0].where or 'some input'} cannot be read")
        return
    write_bytes(b"".join(mail_of(p) for p in patches), path)
    for p in patches:
        _warn(p, path)


def _warn(patch: Patch, emit: str) -> None:
    """Say what is not right with a patch that was written as a mail."""
    for problem in patch.problems:
        warn(f"{patch.origin}: {problem.what}; written to {emit} all the same")
    for change in (c for c in patch.changes if c.is_binary):
        warn(f"{patch.origin}: what {change.path} has is binary and not written: git will refuse")
    cut = [f"{c.path}:{h.old_start}" for c in patch.changes for h in c.hunks if h.problem]
    if cut:
        what = "1 hunk is" if len(cut) == 1 else f"{len(cut)} hunks are"
        warn(f"{patch.origin}: {what} not whole ({', '.join(cut[:3])}): git will refuse the mail")


def _trials(patches: list[Patch], tree: FileTree) -> tuple[Trial, ...]:
    """Say whether git would take patches; of what is binary in them, that it was not tried."""
    texts = [replace(p, changes=tuple(c for c in p.changes if not c.is_binary)) for p in patches]
    found = []
    for whole, text, trial in zip(patches, texts, tried(texts, tree), strict=True):
        binary = next((c.path for c in whole.changes if c.is_binary), None)
        if binary is not None and (trial.fits or not text.changes):
            rest = f"; all else: {trial.why}" if text.changes else ""
            trial = Trial(False, UNCHECKED, f"not checked: {binary} is binary{rest}")
        found.append(trial)
    return tuple(found)


def _judged(patches: list[Patch], tree: FileTree) -> list[PatchVerdict]:
    verdicts = []
    with Progress(len(patches), "judging", unit="patches") as bar:
        for p in patches:
            verdicts.append(judge(p, tree))
            bar.advance()
    return verdicts
