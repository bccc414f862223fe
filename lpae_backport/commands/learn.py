# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit learn PATCH --new NEW``."""

from pathlib import Path

import click

from lpae_backport.commands.packfolder import check_folder, put
from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode, TreeError
from lpae_backport.format.learn import FORMATS
from lpae_backport.learning.teaching import learn
from lpae_backport.mailpatch.reading import patches_of
from lpae_backport.output import write_report


@click.command("learn")
@click.argument("patch", type=click.Path(allow_dash=True))
@click.option(
    "--new",
    required=True,
    type=click.Path(),
    help="A tree that has the patch, and maybe later ones.",
)
@click.option(
    "--old", type=click.Path(), help="A tree without it: checks that hold there are left out."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the pack to DIR; else it is only shown.",
)
@click.option("--force", is_flag=True, help="Replace a pack that is in DIR.")
@click.option("-v", "--verbose", count=True, help="Show what each check found in both trees.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True
)
def command(
    patch: str,
    new: str,
    old: str | None,
    output: Path | None,
    force: bool,
    verbose: int,
    form: str,
) -> int:
    """Draft a pack of rules whose checks hold in a tree with PATCH and fail in one without.

    PATCH is a patch, a mail, a mailbox, a folder of them, REPO@REV, REPO@A..B, or - for standard
    input. The tree without it is NEW with the patch taken back out, in memory; each check is tried
    on both before it is written.

    Ends with 0 if there is a pack, with 1 if no check can tell the two apart, and with 4 if it is
    no patch.
    """
    if output is not None:
        check_folder(output, force=force)
    tree = opened(new, None)
    target = opened(old, None) if old is not None else None
    patches = patches_of(patch, tree)
    if not any(p.changes for p in patches):
        raise TreeError("changes no file", where=patch)
    lesson = learn(patches, tree, target)
    if output is not None and lesson.files:
        put(lesson.files, output)
    written = str(output) if output is not None and lesson.files else None
    write_report(FORMATS[form](lesson, written, verbose), None)
    return ExitCode.DONE if lesson.files else ExitCode.FINDINGS
