# SPDX-License-Identifier: GPL-2.0-only
"""Rules drafted from a patch."""
