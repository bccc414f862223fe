# SPDX-License-Identifier: GPL-2.0-only
"""What files of trees introduce, kept between runs by their content; `index` is the way in."""
