# SPDX-License-Identifier: GPL-2.0-only
"""What code of a new tree requires that an old one lacks."""
