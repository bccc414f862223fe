# SPDX-License-Identifier: GPL-2.0-only
"""Where a text of a hunk stands in a file, whole and in one piece."""

import re
from dataclasses import dataclass

from lpae_backport.mailpatch.model import LineKind
from lpae_backport.presence.chunks import telling
from lpae_backport.presence.heads import entry_in, macro_in, name_in, same_head
from lpae_backport.presence.image import Image, Side
from lpae_backport.presence.layers import Layer, Level, units_of
from lpae_backport.presence.standing import Standing
from lpae_backport.uses.texts import is_kconfig

_NEVER = re.compile(rb"[ \t]*#[ \t]*(?:if[ \t]*\(?[ \t]*[01]\b|el)")
"""A line that keeps others from being compiled."""
_CONDITION = re.compile(rb"[ \t]*#[ \t]*(if|el|en)")
_UNDEF = re.compile(rb"[ \t]*#[ \t]*undef[ \t]+(\w+)")
_INCLUDE = re.compile(rb"[ \t]*#[ \t]*include\b")
_NAME = re.compile(rb"[A-Za-z_]\w*")
_UNSEEN = frozenset((b"pr_fmt", b"dev_fmt"))
"""Macros that only other macros use."""
_PROSE = re.compile(rb"[A-Za-z]\w* [A-Za-z]\w* [A-Za-z]\w*")
_CODE = re.compile(rb"[;{}(),:=|&+\\][ \t]*\Z|[;{}=]")
_BESIDE = 3
"""Lines beside a place where what it adds may stand again."""
_TELLING = 2
"""Telling words of a line that is not there twice by chance."""
_ENDS = (b";", b"{", b"}", b",", b")")
_AFTER = (LineKind.CONTEXT, LineKind.ADDED)


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a text of a hunk in a file.

    Attributes:
        level: how much was forgiven to find it.
        first: its first line, counted from 1.
        last: its last line.
        core: the first of the lines that are changed.
        core_end: the last of them; before `core` where nothing stands there.
        distance: how many lines it is from where the hunk says.
        agrees: whether it stands in what the hunk says it changes; `None` where that is not told.
        unit: the first of its units in the file.
        size: how many it has.
    """

    level: Level
    first: int
    last: int
    core: int
    core_end: int
    distance: int
    agrees: bool | None
    unit: int
    size: int

    @property
    def core_last(self) -> int:
        """The last of the lines that are changed; where lines are gone, the one behind them."""
        return max(self.core, self.core_end)

    @property
    def core_lines(self) -> range:
        """The lines that are changed; where lines are gone, the one behind them."""
        return range(self.core, self.core_last + 1)

    def overlaps(self, other: "Place") -> bool:
        """Tell whether two places share a line."""
        return self.first <= other.last and other.first <= self.last


def places(
    image: Image, side: Side, level: Level, file: Standing, expected: tuple[int, ...]
) -> list[Place]:
    """Return where a text stands in a file, nearest to where it should first.

    Args:
        image: the hunk.
        side: one of its texts.
        level: the level of that.
        file: the file.
        expected: the lines that it should begin at.
    """
    layer = file.layer(level)
    count = len(side.units)
    lead = side.owner[0] if side.owner else 0
    found = []
    for unit in layer.find(side.units):
        if level is Level.TOKENS and _is_torn(side, layer, unit):
            continue
        first, last = layer.line(unit), layer.line(unit + count - 1)
        # Lines that are no units may stand before the first one.
        distance = min((abs(first - lead - e) for e in expected), default=0)
        distance = min(distance, *(abs(first - e) for e in expected))
        core = layer.line(unit + min(side.first, count - 1))
        core_end = layer.line(unit + side.last - 1) if side.last > side.first else core - 1
        stands = agrees(image, file, first)
        found.append(Place(level, first, last, core, core_end, distance, stands, unit, count))
    return sorted(found, key=lambda p: (p.agrees is False, p.distance))


def _is_torn(side: Side, layer: Layer, unit: int) -> bool:
    """Tell whether changed lines at an end of a text are but a part of a line in the file."""
    end = unit + len(side.units)
    before, behind = layer.around(unit, end, -1), layer.around(unit, end, 1)
    is_first = side.first == 0 and before and layer.line(unit - 1) == layer.line(unit)
    if is_first and (before[0][-1:].isalnum() or before[0][:1] == b"#"):
        return True
    is_last = side.last == len(side.units) and behind
    return bool(is_last) and layer.line(end) == layer.line(end - 1) and behind[0] not in _ENDS


def agrees(image: Image, file: Standing, line: int) -> bool | None:
    """Tell whether a line stands in what the hunk's header says."""
    if image.has_head:
        return True
    if not image.section:
        return None
    head = file.head(line)
    if is_kconfig(file.path) and entry_in(image.section):
        return _is_in_entry(image, head)
    if same_head(image.section, head) or name_in(head) == image.also != b"":
        return True
    # Headers of hunks name the last head before the hunk: a later one may have come between.
    return False if image.is_c and name_in(image.section) else None


def _is_in_entry(image: Image, head: bytes) -> bool:
    """Tell whether a hunk of Kconfig is where its header says, or shows another entry itself."""
    above = image.lines[: image.changed[0]]
    return any(entry_in(x) for x in above) or entry_in(image.section) == entry_in(head)


def is_live(image: Image, side: Side, place: Place, file: Standing) -> bool:
    """Tell whether a place counts: it is compiled, and is comment just where the hunk is."""
    if not file.is_c:
        return True
    if place.level is Level.EXACT and place.first == image.hunk.new_start:
        return True  # nothing came above it that could keep it from being compiled
    quiet = file.may_be_quiet(place.first) or file.may_be_quiet(place.last + 1)
    if quiet and place.level is not Level.TOKENS and not _is_prose(image):
        mine = image.after if side is image.after(place.level) else image.before
        if file.code(place.first, place.last) != mine(Level.TOKENS).units:
            return False
    return not is_dead(image, file, place.core, place.core_last)


def _is_prose(image: Image) -> bool:
    """Tell whether all that a hunk adds can only be the text of a comment."""
    lines = zip(image.lines, image.hunk.lines, strict=True)
    added = [x for x, h in lines if h.kind is LineKind.ADDED and x.strip()]
    return bool(added) and all(_PROSE.search(x) and not _CODE.search(x) for x in added)


def is_dead(image: Image, file: Standing, first: int, last: int) -> bool:
    """Tell whether changed lines are never compiled for a reason that the hunk does not show.

    Args:
        image: the hunk.
        file: the file.
        first: the first line of the file that is of what the hunk changes.
        last: the last.
    """
    if _is_in_macro(image, file, first, last):
        return True
    if not file.is_dead(first, last):
        return False
    kept = [(i, x) for i, x in enumerate(image.lines) if image.hunk.lines[i].kind in _AFTER]
    lines = [x for _, x in kept]
    if not any(_NEVER.match(x) for x in lines):
        return True
    if not _is_balanced(lines):
        return False  # what began above it is not shown
    own = Standing(file.path, b"\n".join(lines) + b"\n")
    start = 1 + sum(i < image.changed[0] for i, _ in kept)
    ends = ((first, start), (last, max(start, sum(i <= image.changed[1] for i, _ in kept))))
    return any(file.is_dead(at, at) and not own.is_dead(n, n) for at, n in ends)


def _is_in_macro(image: Image, file: Standing, first: int, last: int) -> bool:
    """Tell whether lines are of the body of a macro, as none of the hunk is."""
    if not any(x.endswith(b"\\") for x in file.lines[first - 1 : last]):
        return False
    return not any(x.rstrip().endswith(b"\\") for x in image.lines)


def _is_balanced(lines: list[bytes]) -> bool:
    """Tell whether every condition of the preprocessor in some lines begins and ends in them."""
    depth = 0
    for word in (m[1] for x in lines if (m := _CONDITION.match(x))):
        depth += {b"if": 1, b"en": -1}.get(word, 0)
        if depth < 0 or (word == b"el" and depth == 0):
            return False
    return depth == 0


def undone(image: Image, file: Standing, last: int) -> bytes:
    """Return a macro that a hunk defines and the file takes back unused; empty if none is.

    Args:
        image: the hunk.
        file: the file.
        last: the last line that is of the hunk.
    """
    if not image.is_c or not file.undefined:
        return b""
    kept = [x for x, h in zip(image.lines, image.hunk.lines, strict=True) if h.kind in _AFTER]
    own = {m[1] for x in kept if (m := _UNDEF.match(x))}
    lines = zip(image.lines, image.hunk.lines, strict=True)
    added = (x for x, h in lines if h.kind is LineKind.ADDED)
    made = ({macro_in(x) for x in added} - own - _UNSEEN) & file.undefined
    if not made:
        return b""
    used: set[bytes] = set()
    is_code = False
    for i, line in enumerate(file.lines[last:], last + 1):
        taken_back = _UNDEF.match(line)
        if taken_back and taken_back[1] in made - used:
            again = any(n > i for n in file.defined.get(taken_back[1], ()))
            # Lists of macros are expanded once for each meaning that they are given.
            return b"" if is_code and again else taken_back[1]
        if _INCLUDE.match(line):
            return b""  # what a header makes of it, this file does not show
        used.update(_NAME.findall(line))
        is_code = is_code or line[:1].isalpha()
    return b""


def doubled(image: Image, file: Standing, first: int, last: int) -> bytes:
    """Return an added line that stands at a place more often than in the hunk; empty if none does.

    Args:
        image: the hunk.
        file: the file.
        first: the first line of the place.
        last: the last.
    """
    level = image.levels[-1]
    if level is Level.EXACT:
        level = Level.SPACED
    mine = b" %b " % b" ".join(image.after(level).units)
    lines = file.lines[max(first - 1 - _BESIDE, 0) : last + _BESIDE]
    text = b" %b " % b" ".join(units_of(lines, level, is_part=True)[0])
    for line in image.said(level, LineKind.ADDED):
        sought = re.compile(b" %b(?= )" % re.escape(line))
        if telling(line) < _TELLING:
            continue
        if len(sought.findall(text)) > len(sought.findall(mine)):
            return line
    return b""
