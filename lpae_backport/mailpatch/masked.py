# SPDX-License-Identifier: GPL-2.0-only
"""Who wrote something, though an archive masks the address."""

import re

_MASKED = re.compile(r"\.\.\.@|\[email[\s\xa0]protected\]|@\.\.\.|@x{3,}|\bat\b", re.I)
_PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,200}@[A-Za-z0-9.-]{1,200}")
_OUTSIDE = re.compile(r"[^A-Za-z0-9]+")
_AWAY = str.maketrans("", "", '<>"\r\n')


def is_masked(author: str) -> bool:
    """Tell whether the address of somebody is not given in full."""
    return _MASKED.search(author.partition("<")[2] or author) is not None


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
