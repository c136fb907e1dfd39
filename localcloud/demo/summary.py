# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo says at its end: a table for the terminal, the page, and whether all was well."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud import images
from localcloud.demo import site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localcloud.demo.run import Counted

#: Below this the load was no load (the issue's own figure).
LEAST_RATE = 200.0
NOTE = "Measured on the local cloud on loopback, not on AWS."


def problems(counted: Counted, result: Mapping[str, Any], old: str, new: str) -> list[str]:
    """Why the demo must not end green; empty when it may."""
    summary, found = counted.summary, []
    if result.get("outcome") != "promoted":
        found.append(f"the outcome is {result.get('outcome')}, not promoted")
    if summary["failed"]:
        found.append(f"{summary['failed']} requests failed")
    if summary["ended"] != summary["requests"]:
        found.append(f"{summary['requests'] - summary['ended']} requests were lost by the generator")
    if summary["rate"] < LEAST_RATE:
        found.append(f"only {summary['rate']} requests a second were sent, fewer than {LEAST_RATE:g}")
    if set(summary["versions"]) != {old, new}:
        found.append(f"{old} and {new} should both have answered, got {sorted(summary['versions'])}")
    whole = [second for second in counted.seconds if not second.get("partial")]
    if whole and set(whole[-1]["versions"]) != {new}:
        found.append(f"the last second was not answered by {new} alone")
    return found


@dataclass(frozen=True)
class Site:
    """What the site's release under visitors gave: counts, result, and caption and PNG of what a browser showed."""

    counted: Counted
    result: Mapping[str, Any]
    pictures: Sequence[tuple[str, bytes]]


def table(counted: Counted, result: Mapping[str, Any], published: Site, took: Sequence[tuple[str, float]]) -> list[str]:
    """The lines of the closing table: requests, errors by kind, latency, seconds of each stage and of each part."""
    summary, timings = counted.summary, result["timings"]
    stages = [*dict.fromkeys(step["stage"] for step in result["steps"]), "total"]
    rows = [
        ("requests", f"{summary['requests']:,} at {summary['rate']:g}/s"),
        ("failed", f"{summary['failed']:,}"),
        *((f"  {kind}", f"{count:,}") for kind, count in sorted(summary["errors"].items())),
        ("answered by", ", ".join(f"{name} {count:,}" for name, count in sorted(summary["versions"].items()))),
        ("latency", f"p50 {summary['p50_ms']} ms, p99 {summary['p99_ms']} ms, worst {summary['max_ms']} ms"),
        *((f"swap, {stage}", f"{float(timings[stage]):.1f} s") for stage in stages),
        *site.table(published.counted, published.result),
        *((name, f"{seconds:.1f} s") for name, seconds in took),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {value}" for name, value in rows]


def page(
    counted: Counted,
    result: Mapping[str, Any],
    samples: Sequence[Mapping[str, Any]],
    published: Site,
    names: Mapping[str, str],
    target: Path,
) -> None:
    """Write the report page, and its timelines alone as SVG files beside it. NAMES: color -> release of the site."""
    # The renderer is part of the collection, which resolves in the checkout through collections/.
    sys.path.insert(0, str(images.ROOT / "collections"))
    from ansible_collections.slipway.ops.plugins.module_utils import site_report, swap_report

    parts = site_report.parts(
        published.result,
        service="site",
        environment="local",
        seconds=[second for second in published.counted.seconds if not second.get("partial")],
        names=names,
        visitors=published.counted.summary,
        pictures=published.pictures,
        note=NOTE,
    )
    html = swap_report.render(
        result,
        service="api",
        environment="local",
        samples=samples,
        seconds=counted.seconds,
        load=counted.summary,
        note=NOTE,
        more=["<hr>", *parts],
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(html, encoding="utf-8")
    for name, shown in ((target.stem, html), (f"{target.stem}-site", "\n".join(parts))):
        target.with_name(f"{name}.svg").write_text(swap_report.picture(shown), encoding="utf-8")
