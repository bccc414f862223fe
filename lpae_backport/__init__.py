# SPDX-License-Identifier: GPL-2.0-only
"""Audit how far a kernel feature has been carried back into an old vendor tree."""

__version__ = "0.1.0"
