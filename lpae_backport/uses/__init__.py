# SPDX-License-Identifier: GPL-2.0-only
"""Where a file uses a name, and how: told from its text, without a parser."""
