# SPDX-License-Identifier: GPL-2.0-only
"""Says in a line what a check asks, and in a page what a pack is."""

from collections.abc import Iterator

from lpae_backport.learning.drafting import clean
from lpae_backport.learning.lesson import Lesson
from lpae_backport.rule import Check, Kind


def said(check: Check) -> str:
    """Return what a check asks of a tree."""
    where = ", ".join(check.scope.functions)
    what = check.patterns[0].source if check.patterns else check.name
    match check.kind:
        case Kind.ENUMERATOR:
            return f"enum {check.owner} has {check.name}"
        case Kind.FIELD:
            return f"struct {check.owner} has {check.head or check.name}"
        case Kind.ENTRY:
            value = f" = {what}" if check.patterns else ""
            return f"{check.owner} has {check.name}{value}"
        case Kind.FUNCTION:
            if check.head:
                return f"{check.name} is {check.head}"
            plural = "" if check.params == 1 else "s"
            count = "" if check.params is None else f" with {check.params} parameter{plural}"
            return f"there is a function {check.name}{count}"
        case Kind.MACRO:
            value = f" as {check.value:#x}" if check.value is not None else ""
            form = f" as {what}" if check.patterns else ""
            return f"there is a macro {check.name}{value or form}"
        case Kind.CALLS:
            callee = check.patterns[0].root.kids[0].label
            if what == f"{callee}($$$)":
                return f"{check.scope.file} calls {callee}"
            return f"all calls of {callee} in {check.scope.file} are {what}"
        case Kind.CONTAINS:
            option = f" under {check.config}" if check.config else ""
            return f"{where} has {what}{option}"
        case Kind.LACKS:
            return f"{where} has no {what}"
        case Kind.GUARD if check.condition is not None:
            when = "exactly when" if check.condition.exactly else "only when"
            return f"{where} does {what} {when} {check.condition.source}"
        case Kind.KCONFIG if check.condition is not None:
            if check.condition.formula is True:
                return f"there is a symbol {check.name}"
            return f"{check.name} implies {check.condition.source}"
        case Kind.DECLARATION if check.head:
            return f"{check.name} is declared as {check.head}"
        case Kind.FILE | Kind.NO_FILE:
            gone = "is gone" if check.kind is Kind.NO_FILE else "is there"
            return f"{', '.join(check.paths)} {gone}"
        case _:
            return f"{check.kind.value} {check.name}"


def readme(lesson: Lesson) -> str:
    """Return a page about a pack: what its checks ask, and what none of them tells."""
    return "\n".join(_page(lesson)) + "\n"


def _page(lesson: Lesson) -> Iterator[str]:
    yield f"# {lesson.pack}"
    yield ""
    yield f"Drafted by `lpae-audit learn` from {clean(lesson.origin)}: {clean(lesson.title)}"
    yield ""
    yield "    lpae-audit compare OLD NEW --rules THIS_FOLDER"
    if lesson.moved:
        yield ""
        yield "The tree that this was learned from has files elsewhere than the patch:"
        yield ""
        yield from (f"- {was} is {there}" for was, there in lesson.moved)
    for s in lesson.steps:
        yield ""
        yield f"## Step {s.id}: {s.title}"
        yield ""
        yield f"With the patch: {s.after.value}. Without it: {s.before.value}."
        yield ""
        for f in s.facts:
            yield f"- `{f.check.id}`: `{' '.join(said(f.check).split())}`"
    if lesson.gaps:
        yield ""
        yield "## What no check tells"
        yield ""
        for g in lesson.gaps:
            yield f"- {g.path}{f':{g.line}' if g.line else ''}: {g.what}: {g.why}"
