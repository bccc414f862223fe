# SPDX-License-Identifier: GPL-2.0-only
"""The kinds of check, by what they look at; `matcher` sends each check to its function."""
