# SPDX-License-Identifier: GPL-2.0-only
"""The kinds of edit, each a function that changes a draft or refuses to."""
