# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as role cloudfront_site describes one to the planners: the defaults of the role and what has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).resolve().parents[5] / "roles" / "cloudfront_site"
REQUIRED = {
    "name": "slipway-staging-site",
    "account_id": "222222222222",
    "region": "eu-central-1",
    "bucket": "slipway-staging-site-222222222222",
    "log_bucket": "slipway-staging-site-logs-222222222222",
}


def site(**inputs: Any) -> dict[str, Any]:
    """The inputs without their prefix."""
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    return {**{name.removeprefix("cloudfront_site_"): value for name, value in defaults.items()}, **REQUIRED, **inputs}
