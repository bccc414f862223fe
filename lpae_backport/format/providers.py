# SPDX-License-Identifier: GPL-2.0-only
"""What the formats of a closure say of providers in the same words."""

import unicodedata
from collections.abc import Sequence

from lpae_backport.format.escaping import printable
from lpae_backport.needs.provider import Choice, Closure, Form, Provider

NAMES = 6
"""Names that are shown of one provider where not all are asked for."""
FILES = 3
"""Files that are shown of one provider where not all are asked for."""
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def plain(text: str) -> str:
    """Return `text` on one line as any document can hold it: XML, HTML, a Graphviz file.

    What is not to be seen, and what XML or UTF-8 does not allow, is shown by its number.
    """
    return "".join(_shown(c) for c in printable(text))


def _shown(c: str) -> str:
    hidden = unicodedata.category(c) in _UNSEEN or c in "\ufffe\uffff"
    return f"\\x{ord(c):02x}" if hidden else c


def count(n: int, word: str) -> str:
    """Return a number with its word."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def some(items: Sequence[str], most: int, detail: int) -> str:
    """Return items in one line: `most` of them, or all where details are asked for."""
    shown = items if detail or len(items) <= most + 1 else items[:most]
    more = len(items) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def numbers(closure: Closure) -> dict[str, int]:
    """Return which number each provider has in the order to bring them in, from 1."""
    order: dict[str, int] = {}
    for i, p in enumerate(closure.providers, 1):
        order.setdefault(p.name, i)
    return order


def size(p: Provider) -> str:
    """Return how much a provider is."""
    missing = " missing" if p.form is Form.GROWN else ""
    return f"{count(len(p.files), 'file')}, {count(p.lines, 'line')}{missing}"


def gain(p: Provider) -> str:
    """Return what a provider gives the code itself."""
    return f"satisfies {count(p.satisfies, 'use')}" if p.satisfies else "no direct use"


def wants(p: Provider) -> str:
    """Return what a provider itself lacks in the old tree."""
    if not p.is_followed:
        return "not looked at"
    return f"{count(p.lacks, 'name')} that the old tree lacks" if p.lacks else "nothing more"


def after(p: Provider, number: int, order: dict[str, int]) -> str:
    """Return what has to be there before a provider, with numbers, and where that cannot be."""
    found = []
    for name in p.after:
        at = order.get(name)
        if at is None:
            found.append(f"{name} (not in this list)")
        else:
            found.append(f"{name} ({at})" if at < number else f"{name} ({at}, a cycle)")
    return ", ".join(found) or ("nothing" if p.is_followed else "nothing known")


def choice(c: Choice, *, is_first: bool) -> str:
    """Return a choice in one line."""
    parts = [count(c.lines, "line")] if c.lines else []
    places = count(c.places, "place")
    parts += [f"{places} of the code"] if c.places and places not in c.cost else []
    much = f" ({', '.join(parts)})" if parts else ""
    return f"{c.way}{', suggested' if is_first else ''}: {c.cost}{much}"


def headline(closure: Closure) -> str:
    """Return how much there is to bring in, in one line."""
    found = closure.providers
    if not found:
        return "No provider: nothing is missing that a file of the new tree could bring"
    files = len({f for p in found for f in p.files})
    lines = sum(p.lines for p in found)
    uses = sum(p.satisfies for p in found)
    return (
        f"{count(len(found), 'provider')}, {count(files, 'file')}, {count(lines, 'line')}; "
        f"together they satisfy {count(uses, 'use')} in the code"
    )


def notes(closure: Closure) -> list[tuple[str, list[str]]]:
    """Return what a list of providers does not settle: headings with what stands below each."""
    found = []
    if closure.cycles:
        head = "Need each other; bring each ring in together, or break it with a shim"
        found.append((head, [", ".join(c) for c in closure.cycles]))
    if closure.left:
        found.append(
            ("No file was found for these, so that nothing above brings them", [*closure.left])
        )
    cut = [*closure.cut]
    unseen = [p.name for p in closure.providers if not p.is_followed]
    if unseen and not cut:
        cut.append(f"what these need themselves was not looked at: {', '.join(unseen)}")
    if cut:
        found.append(("Not everything was followed, so that more may be needed", cut))
    return found
