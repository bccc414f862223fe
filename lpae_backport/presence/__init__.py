# SPDX-License-Identifier: GPL-2.0-only
"""Whether a tree has a patch, hunk by hunk."""
