# SPDX-License-Identifier: GPL-2.0-only
"""Whether a member that is named somewhere is one of a given struct.

There is no compiler here: the declarations of the same file decide, and where they do not, that
is said.
"""

import re

from lpae_backport.uses.around import Around
from lpae_backport.uses.headings import Frame, Heading
from lpae_backport.uses.kinds import Kind

_BASE = re.compile(rb"([A-Za-z_]\w*)\s*(?:\[[^\[\]]*\]\s*)*(?:->|\.)\s*\Z")
_OFFSET = re.compile(rb"\b(?:offsetof|container_of\w*|sizeof_field|offsetofend)\s*\([^;{}]*\Z")


def belongs(
    type_name: bytes, code: bytes, a: Around, kind: Kind, frames: list[Heading]
) -> bool | None:
    """Tell whether a member named somewhere is one of a struct or union.

    Args:
        type_name: the tag of the struct.
        code: the file without comments, literals and preprocessor lines.
        a: the statement around the name.
        kind: what the name is in it.
        frames: what it stands in, outermost first.

    Returns:
        The answer; `None` where the file's own declarations do not tell.
    """
    if kind is Kind.FIELD and frames and frames[-1].frame is Frame.RECORD:
        return type_name.decode() in (f.name for f in frames if f.frame is Frame.RECORD)
    if kind is Kind.INITIALIZER and a.head.rstrip().endswith(b"."):
        return _initialized(type_name, code, frames)
    if kind is Kind.FIELD:
        return _accessed(type_name, code, a)
    if _OFFSET.search(a.head):
        return re.search(rb"\b%b\b" % re.escape(type_name), a.head) is not None
    return False


def _initialized(type_name: bytes, code: bytes, frames: list[Heading]) -> bool | None:
    """Tell whether the innermost braces that say their type say this one."""
    values = [f for f in frames if f.frame is Frame.VALUES]
    if values and values[-1].type:
        return values[-1].type == type_name.decode()
    return None


def _accessed(type_name: bytes, code: bytes, a: Around) -> bool | None:
    base = _BASE.search(a.head)
    if base is None:
        return None
    declared = {
        m[1]
        for m in re.finditer(
            rb"\b(?:struct|union)\s+(\w+)[\s*]+(?:\w+\s*,[\s*]*)*%b\b(?!\s*\()"
            % re.escape(base[1]),
            code,
        )
    }
    if not declared:
        return None
    return True if declared == {type_name} else None if type_name in declared else False
