# SPDX-License-Identifier: GPL-2.0-only
"""``lpae-audit compare OLD NEW --patch STEP``: what a series would change for one step."""

import difflib
import sys
from collections.abc import Iterator

from lpae_backport.commands.trees import opened
from lpae_backport.errors import ExitCode, UsageError
from lpae_backport.message import manual_lines
from lpae_backport.output import Progress, write_report
from lpae_backport.packs import select
from lpae_backport.plan import Patch, Plan
from lpae_backport.rule import Pack
from lpae_backport.series import Planner

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


def show_patch(old: str, new: str, packs: list[Pack], step: str, outputs: tuple[str, ...]) -> int:
    """Write the diff of the patch that makes a step, in colour on a terminal.

    Args:
        old: the target.
        new: the reference.
        packs: the packs to look for the step in.
        step: its id, whole.
        outputs: the file to write to, if any.

    Returns:
        The exit status: 0 for a step that is done or has a patch, 1 for one left to a person.
    """
    chosen = select(packs, (step,))
    if len(chosen) != 1 or [s.id for s in chosen[0][1]] != [step]:
        raise UsageError(f"'{step}' is not one step", hint="see lpae-audit rules list")
    if len(outputs) > 1:
        raise UsageError("a diff has one form", hint="-o FILE")
    output = outputs[0] if outputs else None
    pack = chosen[0][0]
    with Progress(len(pack.series), "planning") as bar:
        plan = Planner(opened(old, None), opened(new, None), pack, pack.steps).run(bar.advance)
    text, status = _shown(plan, step)
    if output in (None, "-") and sys.stdout.isatty():
        text = "".join(_coloured(line) for line in text.splitlines(keepends=True))
    write_report(text, output)
    return status


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    plain = "".join(c if c.isprintable() or c in "\t\n" else f"\\x{ord(c):02x}" for c in line)
    return f"{colour}{plain.rstrip(chr(10))}\x1b[0m\n" if colour else plain


def _shown(plan: Plan, step: str) -> tuple[str, int]:
    state = dict(plan.original)
    for number, patch in enumerate(plan.patches, plan.start):
        if step in (s.id for s in patch.steps) or step in patch.made:
            behind = f" (behind the {number - 1} before it)" if number > 1 else ""
            return f"patch {number:04}{behind}: {''.join(_diff(patch, state))}", ExitCode.DONE
        state |= patch.files
    left = [m for m in plan.manual if m.step.id == step]
    if left:
        return "\n".join(["by hand:", *manual_lines(left)]) + "\n", ExitCode.FINDINGS
    verdict = plan.after[step].verdict.value
    return f"{step} is {verdict}: there is nothing to change\n", ExitCode.DONE


def _diff(patch: Patch, state: dict[str, bytes | None]) -> Iterator[str]:
    yield f"{patch.subject}\n"
    for path, new in patch.files.items():
        before = _lines(state.get(path))
        source = f"a/{path}" if state.get(path) is not None else "/dev/null"
        target = f"b/{path}" if new is not None else "/dev/null"
        for line in difflib.unified_diff(before, _lines(new), source, target):
            yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "backslashreplace").splitlines(keepends=True)
