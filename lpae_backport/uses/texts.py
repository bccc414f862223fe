# SPDX-License-Identifier: GPL-2.0-only
"""The uses of names in files that are not C: Kconfig, Makefiles, device trees, texts, scripts."""

import posixpath
import re
from collections.abc import Sequence

from lpae_backport.uses.ccode import Hit
from lpae_backport.uses.kinds import Kind, Symbol, Use
from lpae_backport.uses.lexing import Lexed
from lpae_backport.uses.lines import Lines

_C = re.compile(r".*\.(?:[chyl]|inc|[ch]_shipped|cc|cpp|hpp)", re.DOTALL)
_TEXT = re.compile(r".*\.(?:rst|txt|md|tmpl|html|[1-8])", re.DOTALL)
_TITLES = re.compile(r"(?:README|TODO|COPYING|CREDITS|MAINTAINERS|00-INDEX|CHANGES).*", re.DOTALL)
_BUILD = re.compile(r"(?:Makefile|Kbuild|GNUmakefile)(?:[._-].*)?|.*\.(?:mk|mak)|Build", re.DOTALL)
_CONFIG = re.compile(r".*(?:_defconfig|\.config|kunitconfig)|\.config.*|defconfig", re.DOTALL)
_ENTRY = re.compile(
    rb"(?:\b(?:ENTRY|SYM_\w*START\w*|GLOBAL|WEAK|SYM_DATA\w*|SYM_FUNC_ALIAS\w*)\s*\(\s*)\Z"
)
_HELP = re.compile(rb"^([ \t]*)(?:---)?help(?:---)?[ \t\r]*\n", re.MULTILINE)
_INDENT = re.compile(rb"[ \t]*")
_LITERAL = re.compile(rb"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")


def is_c(path: str) -> bool:
    """Tell whether a file is read as C, by its name."""
    return _C.fullmatch(posixpath.basename(path)) is not None


def is_kconfig(path: str) -> bool:
    """Tell whether a file is one of Kconfig, by its name."""
    return posixpath.basename(path).startswith("Kconfig")


def uses(path: str, data: bytes, found: Sequence[Hit]) -> list[tuple[Symbol, Use]]:
    """Return what is used at some places of a file that is not C.

    Args:
        path: its path below the kernel's root.
        data: its bytes.
        found: the places, in order.
    """
    name = posixpath.basename(path)
    lines = Lines(data)
    if is_kconfig(path):
        kinds = _kconfig(data, found)
    elif name.endswith((".S", ".s")):
        kinds = _assembly(data, found)
    elif name.endswith((".dts", ".dtsi", ".dtso", ".lds", ".rs")):
        kind = Kind.DEVICETREE if ".dts" in name else Kind.OTHER
        kinds = _commented(data, found, kind)
    elif _BUILD.fullmatch(name):
        kinds = [_by_hash(data, h, Kind.MAKEFILE) for h in found]
    elif _CONFIG.fullmatch(name) or "/configs/" in f"/{path}":
        kinds = [Kind.KCONFIG for _ in found]
    elif _TEXT.fullmatch(name) or _TITLES.fullmatch(name) or path.startswith("Documentation/"):
        kinds = [Kind.DOCUMENTATION for _ in found]
    else:
        kinds = [_by_hash(data, h, Kind.OTHER) for h in found]
    made = []
    for hit, kind in zip(found, kinds, strict=True):
        line, column, text = lines.at(hit.start)
        made.append((hit.symbol, Use(path, line, column, kind, "", text)))
    return made


def _line(data: bytes, at: int) -> tuple[int, int]:
    start = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at)
    return start, len(data) if end < 0 else end


def _by_hash(data: bytes, hit: Hit, kind: Kind) -> Kind:
    """Tell a comment, as scripts and Makefiles have it, from everything else."""
    start, _ = _line(data, hit.start)
    return Kind.COMMENT if re.search(rb"(?:\A|\s)#", data[start : hit.start]) else kind


def _kconfig(data: bytes, found: Sequence[Hit]) -> list[Kind]:
    helps = _helps(data)
    kinds = []
    for hit in found:
        start, end = _line(data, hit.start)
        before = data[start : hit.start]
        strings = [m.span() for m in _LITERAL.finditer(data, start, end)]
        if any(a <= hit.start < b for a, b in helps):
            kinds.append(Kind.DOCUMENTATION)
        elif any(a <= hit.start < b for a, b in strings):
            kinds.append(Kind.STRING)
        elif b"#" in before:
            kinds.append(Kind.COMMENT)
        elif before.split() in ([b"config"], [b"menuconfig"]):
            kinds.append(Kind.DEFINITION)
        else:
            kinds.append(Kind.KCONFIG)
    return kinds


def _helps(data: bytes) -> list[tuple[int, int]]:
    """Return where the texts of help are: the lines indented as deep as their first one."""
    found = []
    for m in _HELP.finditer(data):
        at = m.end()
        depth = -1
        while at < len(data):
            end = data.find(b"\n", at) + 1 or len(data)
            line = data[at:end]
            if line.strip():
                indent = len(_INDENT.match(line.expandtabs(8))[0])  # type: ignore[index]
                depth = indent if depth < 0 else depth
                if indent < depth or indent == 0:
                    break
            at = end
        found.append((m.end(), at))
    return found


def _commented(data: bytes, found: Sequence[Hit], kind: Kind) -> list[Kind]:
    lexed = Lexed(data)
    spots = lexed.spots(h.start for h in found)
    kinds = []
    for hit, spot in zip(found, spots, strict=True):
        literal = lexed.literal_at(hit.start)
        word = spot.directive.word if spot.directive is not None else b""
        if literal[:1] == b"/":
            kinds.append(Kind.COMMENT)
        elif word.startswith(b"include"):
            kinds.append(Kind.INCLUDE)
        elif literal:
            kinds.append(Kind.STRING)
        else:
            kinds.append(kind)
    return kinds


def _assembly(data: bytes, found: Sequence[Hit]) -> list[Kind]:
    lexed = Lexed(data, assembly=True)
    spots = lexed.spots(h.start for h in found)
    kinds = []
    for hit, spot in zip(found, spots, strict=True):
        literal = lexed.literal_at(hit.start)
        before = lexed.clean[max(0, hit.start - 100) : hit.start]
        after = lexed.clean[hit.end : hit.end + 40].lstrip(b" \t")
        if literal:
            kinds.append(Kind.STRING if literal[:1] in b"\"'" else Kind.COMMENT)
        elif spot.directive is not None:
            kinds.append(_directive(spot.directive.word, before))
        elif re.search(rb"\bEXPORT_\w+\s*\(\s*\Z", before):
            kinds.append(Kind.EXPORT)
        elif _ENTRY.search(before) or (after[:1] == b":" and not before.rsplit(b"\n")[-1].strip()):
            kinds.append(Kind.DEFINITION)
        else:
            kinds.append(Kind.ASSEMBLY)
    return kinds


def _directive(word: bytes, before: bytes) -> Kind:
    if word.startswith(b"include"):
        return Kind.INCLUDE
    if word == b"define":
        first = re.search(rb"#[ \t]*define[ \t]+\Z", before) is not None
        return Kind.DEFINITION if first else Kind.MACRO_BODY
    return Kind.CONDITION
