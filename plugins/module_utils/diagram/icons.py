# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The icons, drawn for Slipway on a field of 20 by 20 with lines alone, so that they take the color of their tone."""

from __future__ import annotations

PATHS = {
    "users": "M10 9.5a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7zM3 17.5c.4-3.6 3.2-5.5 7-5.5s6.6 1.9 7 5.5",
    "balancer": "M2.5 10h5M10 7.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5zM11.8 8.2L17 3.5M12.5 10H17.5M11.8 11.8L17 16.5",
    "bucket": "M3 4.5h14l-1.8 12.5h-10.4zM3 4.5c0-2.6 14-2.6 14 0",
    "database": ("M3.5 5c0-3.3 13-3.3 13 0s-13 3.3-13 0zM3.5 5v10c0 3.3 13 3.3 13 0v-10M3.5 10c0 3.3 13 3.3 13 0"),
    "model": "M10 2l1.9 5.1l5.1 1.9l-5.1 1.9l-1.9 5.1l-1.9-5.1l-5.1-1.9l5.1-1.9zM16 14v4M14 16h4",
    "chip": "M5.5 5.5h9v9h-9zM8.5 8.5h3v3h-3zM8 2.5v3M12 2.5v3M8 14.5v3M12 14.5v3M2.5 8h3M2.5 12h3M14.5 8h3M14.5 12h3",
    "shield": "M10 2l6.5 2.5v5c0 4.2-2.7 6.9-6.5 8.5c-3.8-1.6-6.5-4.3-6.5-8.5v-5zM7 9.8l2.2 2.2l4-4.2",
    "globe": (
        "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15z"
        "M2.5 10h15M10 2.5c4.5 4.5 4.5 10.5 0 15M10 2.5c-4.5 4.5-4.5 10.5 0 15"
    ),
    "repository": "M4.5 2.5h11v15h-11zM4.5 14h11M8 5.5h4.5M8 8.5h4.5",
    "pipeline": "M3 4h5v5h-5zM12 11h5v5h-5zM5.5 9v4.5h6.5M8 6.5h5.5",
    "gate": "M7 9a3 3 0 1 0 0-6a3 3 0 0 0 0 6zM1.5 17c.3-3.3 2.3-5 5.5-5c1.4 0 2.5.3 3.4.9M11.5 15l2.3 2.3l4.7-5",
    "tasks": "M2.5 5.5l7.5-3l7.5 3v9l-7.5 3l-7.5-3zM2.5 5.5l7.5 3l7.5-3M10 8.5v9",
}
