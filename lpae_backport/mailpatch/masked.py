# SPDX-License-Identifier: GPL-2.0-only
"""Addresses that an archive masks: of who wrote something, and in the lines of a patch.

Pages show ``[email protected]``, ``name...@host.org``, ``name@...``, ``name@xxxxxxxx``, ``name at
host.org`` or ``name () host ! org``. What is left of an address still tells it from others.
"""

import re

_MASKED = re.compile(r"\.\.\.@|\[email[\s\xa0]protected\]|@\.\.\.|@x{3,}|\bat\b", re.I)
_PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,200}@[A-Za-z0-9.-]{1,200}")
_OUTSIDE = re.compile(r"[^A-Za-z0-9]+")
_MASKS = re.compile(
    r"\[email[ \xa0]?protected\]|<?(?:email )?address hidden>?"
    r"|(?<![\w.+-])(?P<cut>[\w.+-]{1,64})\.\.\.@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"
    r"|(?<![\w.+-])(?P<name>[\w.+-]{1,64})@(?:\.{3}|[x.]{3,60})(?![\w.-])"
    r"|(?<![\w.+-])(?P<user>[\w.+-]{1,64})(?: at | \(\) )"
    r"(?P<at>[\w-]{1,63}(?:(?:\.| ! )[\w-]{1,63}){1,5})"
)
_ANY = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}"
_MOST = 8
"""Most addresses of one line that are looked at."""
_LONGEST = 10_000
"""Longest line that a pattern is made of, in characters."""
_AWAY = str.maketrans("", "", '<>"\r\n')


def is_masked(author: str) -> bool:
    """Tell whether the address of somebody is not given in full."""
    return _MASKED.search(author.partition("<")[2] or author) is not None


def pattern_of(text: str) -> re.Pattern[str] | None:
    """Return what a line with masked addresses was, white space aside.

    Args:
        text: the line, as an archive shows it.

    Returns:
        A pattern for the whole of a line without its white space; `None` if no address in it is
        masked, or it is too long for a line of a source.
    """
    if len(text) > _LONGEST:
        return None
    parts: list[str] = []
    end = 0
    for count, m in enumerate(_MASKS.finditer(text)):
        if count == _MOST:
            break
        parts += [_literal(text[end : m.start()]), _address(m)]
        end = m.end()
    return re.compile("".join([*parts, _literal(text[end:])])) if parts else None


def is_surely_masked(text: str) -> bool:
    """Tell whether a line has a masked address: ``name at host.org`` may be words, unless in <>."""
    return any(m["user"] is None or text[: m.start()].endswith("<") for m in _MASKS.finditer(text))


def is_all_masked(text: str) -> bool:
    """Tell whether nothing is left of an address in a line."""
    return any(not m.lastgroup for m in _MASKS.finditer(text))


def _literal(text: str) -> str:
    return re.escape("".join(text.split()))


def _address(m: re.Match[str]) -> str:
    """Return a pattern for the addresses that one masked so may have been."""
    if m["cut"] is not None:
        return rf"{re.escape(m['cut'])}[\w.+-]{{0,64}}@{re.escape(m['host'])}"
    if m["name"] is not None:
        return rf"{re.escape(m['name'])}@[\w.-]{{1,200}}"
    if m["user"] is not None:
        return re.escape(f"{m['user']}@{m['at'].replace(' ! ', '.')}")
    return _ANY


def person(author: str) -> tuple[str, str]:
    """Return a name and an address that git takes, from what a mail says of somebody.

    An address that is none becomes one below ``masked.invalid``, which nobody can have.
    """
    name, _, rest = author.partition("<")
    address = rest.partition(">")[0].strip()
    if not rest and "@" in name:
        name, address = "", name.strip()
    name = name.translate(_AWAY).strip(" '.,;:")
    if _PLAIN.fullmatch(address) is None:
        local = _OUTSIDE.sub(".", name.encode("ascii", "ignore").decode()).strip(".").lower()
        address = f"{local or 'unknown'}@masked.invalid"
    return name or address.partition("@")[0], address
