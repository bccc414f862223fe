# SPDX-License-Identifier: GPL-2.0-only
"""What a compiler brings itself: old kernels took the headers that newer ones have of their own."""

from lpae_backport.needs.interface import Interface

_HEADERS = {
    # include/linux/stdarg.h came with Linux 5.15, commit 39f75da7bcc8.
    "stdarg.h": frozenset(("va_list", "va_start", "va_end", "va_arg", "va_copy")),
}


def by_compiler(interface: Interface, name: str) -> str:
    """Return the file that includes the compiler's header with a name; nothing where none does."""
    for header, names in _HEADERS.items():
        if name in names and header in interface.reach.absent:
            return interface.reach.absent[header]
    return ""
