# SPDX-License-Identifier: GPL-2.0-only
"""Entities of two trees (functions, types, macros) and what became of them."""
