# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The dashboard of an environment: traffic, errors, latency and saturation of each service, by color. Pure.

Structure: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.observability_plan import (
    COLORS,
    FRONT_REGION,
    Document,
    Inputs,
    alarms,
    load_balancer,
)

WIDTH = 24
#: Blue and green of CloudWatch's palette; the newer color of a percentile is lighter.
SHADES = {"blue": ("#1f77b4", "#aec7e8"), "green": ("#2ca02c", "#98df8a")}
INSIGHTS = "ECS/ContainerInsights"


class Page:
    """Widgets row by row, from the top."""

    def __init__(self) -> None:
        self.widgets: list[Document] = []
        self._top = 0

    def row(self, height: int, *widgets: Document) -> None:
        """Widgets side by side, all of one width."""
        width = WIDTH // len(widgets)
        for column, widget in enumerate(widgets):
            self.widgets.append({"x": column * width, "y": self._top, "width": width, "height": height, **widget})
        self._top += height


def dashboard(inputs: Inputs, target_groups: Mapping[str, str]) -> Document:
    """The body. target_groups: name to ARN, of those that exist."""
    page = Page()
    page.row(2, _text(f"# {inputs['name']}\nSaved queries: CloudWatch Logs Insights, folder `{inputs['name']}`."))
    page.row(3, _alarm_widget(inputs, _alarms(inputs)))
    if inputs["load_balancer_arn"]:
        _front(page, inputs)
    for service in inputs["services"]:
        _service(page, inputs, service, target_groups)
    if inputs["distribution_id"]:
        _site(page, inputs)
    if inputs["gpu_name"]:
        _gpu(page, inputs)
    return {"widgets": page.widgets}


def _service(page: Page, inputs: Inputs, service: Inputs, target_groups: Mapping[str, str]) -> None:
    page.row(1, _text(f"## {service['name']}"))
    kind = service.get("kind", "web")
    if kind == "web":
        groups = {color: target_groups.get(f"{service['name']}-{color}", "") for color in COLORS}
        groups = {color: arn.split(":")[5] for color, arn in groups.items() if arn}
        _web(page, inputs, service, groups)
    else:
        _tasks(page, inputs, {"tasks": service["name"]})
    workers = [entry["name"] for entry in service.get("workers") or ()]
    if workers:
        _tasks(page, inputs, {name: f"{service['name']}-{name}" for name in workers})


def _web(page: Page, inputs: Inputs, service: Inputs, groups: Mapping[str, str]) -> None:
    """The four golden signals, then what stands behind them. Without groups, only what runs."""
    name = service["name"]
    one = service.get("engine") == "native"
    # Of engine native both colors are of one ECS service.
    colors = {"tasks": name} if one else {color: f"{name}-{color}" for color in COLORS}
    if not groups:
        _tasks(page, inputs, colors)
        return
    page.row(
        6,
        _graph(inputs, f"{name}: traffic, requests a minute", _of_groups(inputs, groups, "RequestCount", "Sum")),
        _graph(inputs, f"{name}: errors, % of requests", _errors(inputs, groups), percent=True),
        _graph(inputs, f"{name}: latency, seconds, p50 and p95", _latency(inputs, groups)),
        _graph(inputs, f"{name}: saturation, % of CPU and memory", _load(inputs, colors), percent=True),
    )
    healthy = _of_groups(inputs, groups, "HealthyHostCount", "Minimum", "healthy ")
    unhealthy = _of_groups(inputs, groups, "UnHealthyHostCount", "Maximum", "unhealthy ", shade=1)
    page.row(
        5,
        _graph(inputs, f"{name}: targets", healthy + unhealthy),
        _graph(inputs, f"{name}: tasks", _counts(inputs, colors)),
    )


def _tasks(page: Page, inputs: Inputs, services: Mapping[str, str]) -> None:
    """What takes no requests. services: label to name of the ECS service."""
    title = ", ".join(services.values())
    page.row(
        5,
        _graph(inputs, f"{title}: saturation, % of CPU and memory", _load(inputs, services), percent=True),
        _graph(inputs, f"{title}: tasks", _counts(inputs, services)),
    )


def _front(page: Page, inputs: Inputs) -> None:
    dimensions = ("LoadBalancer", load_balancer(inputs))
    space = "AWS/ApplicationELB"
    codes = ("HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_4XX_Count", "RejectedConnectionCount")
    page.row(1, _text("## Load balancer"))
    page.row(
        6,
        _graph(inputs, "Requests a minute", [_line(space, "RequestCount", dimensions, "requests", "Sum")]),
        _graph(
            inputs,
            "Answers of its own: no target did",
            [_line(space, code, dimensions, code.removeprefix("HTTPCode_"), "Sum") for code in codes],
        ),
        _graph(
            inputs,
            "Connections",
            [_line(space, each, dimensions, each, "Sum") for each in ("ActiveConnectionCount", "NewConnectionCount")],
        ),
    )


def _site(page: Page, inputs: Inputs) -> None:
    dimensions = ("Region", "Global", "DistributionId", inputs["distribution_id"])
    page.row(1, _text("## Site"))
    lines = [
        _line("AWS/CloudFront", metric, dimensions, label, "Average")
        for metric, label in (("4xxErrorRate", "4xx"), ("5xxErrorRate", "5xx"))
    ]
    firewall = ("WebACL", inputs["firewall_name"], "Rule", "ALL")
    blocked = [
        _line("AWS/WAFV2", metric, firewall, label, "Sum")
        for metric, label in (
            ("AllowedRequests", "allowed"),
            ("BlockedRequests", "blocked"),
            ("CountedRequests", "counted"),
        )
    ]
    graphs = [
        _graph(inputs, "Requests a minute", [_line("AWS/CloudFront", "Requests", dimensions, "requests", "Sum")]),
        _graph(inputs, "Errors, % of answers", lines, percent=True),
        *([_graph(inputs, "Firewall, requests a minute", blocked)] if inputs["firewall_name"] else []),
    ]
    for graph in graphs:
        graph["properties"]["region"] = FRONT_REGION
    page.row(6, *graphs)


def _gpu(page: Page, inputs: Inputs) -> None:
    dimensions = ("Name", inputs["gpu_name"])
    shown = {
        "Requests": ("RequestsRunning", "RequestsWaiting"),
        "Tokens a minute": ("TokensGenerated",),
        "Idle, seconds": ("IdleSeconds",),
        "Memory of the GPUs, MiB": ("GpuMemoryUsedMiB",),
    }
    page.row(1, _text("## GPU hosts"))
    page.row(
        6,
        *(
            _graph(
                inputs,
                title,
                [
                    _line(
                        "Slipway/LLM", metric, dimensions, metric, "Sum" if metric == "TokensGenerated" else "Maximum"
                    )
                    for metric in metrics
                ],
            )
            for title, metrics in shown.items()
        ),
    )


def _alarms(inputs: Inputs) -> list[str]:
    """The environment's own, those of services with traffic, and that of the GPU hosts."""
    web = [service["name"] for service in inputs["services"] if service.get("kind", "web") == "web"]
    services = [f"{inputs['cluster']}-{name}-{suffix}" for name in web for suffix in ("5xx", "unhealthy")]
    own = [alarm["alarm_name"] for alarm in alarms(inputs)]
    return [*own, *services, *([f"{inputs['gpu_name']}-uptime"] if inputs["gpu_name"] else [])]


def _alarm_widget(inputs: Inputs, names: Iterable[str]) -> Document:
    """At most 100 alarms, which is more than any environment has (structure of the body, "Alarm widget")."""
    scope = f"arn:aws:cloudwatch:{inputs['region']}:{inputs['account_id']}:alarm"
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": [f"{scope}:{name}" for name in names][:100]}}


def _of_groups(
    inputs: Inputs, groups: Mapping[str, str], metric: str, stat: str, prefix: str = "", shade: int = 0
) -> list[list[Any]]:
    return [
        _line("AWS/ApplicationELB", metric, _group(inputs, arn), f"{prefix}{color}", stat, color=SHADES[color][shade])
        for color, arn in groups.items()
    ]


def _errors(inputs: Inputs, groups: Mapping[str, str]) -> list[list[Any]]:
    """The share of each color, so that a color with few requests hides behind no other."""
    lines: list[list[Any]] = []
    for color, arn in groups.items():
        dimensions = _group(inputs, arn)
        for identity, metric in ((f"e_{color}", "HTTPCode_Target_5XX_Count"), (f"r_{color}", "RequestCount")):
            line = _line("AWS/ApplicationELB", metric, dimensions, identity, "Sum")
            line[-1] |= {"id": identity, "visible": False}
            lines.append(line)
        share = f"IF(FILL(r_{color}, 0) > 0, 100 * FILL(e_{color}, 0) / r_{color}, 0)"
        lines.append([{"expression": share, "id": f"s_{color}", "label": color, "color": SHADES[color][0]}])
    return lines


def _latency(inputs: Inputs, groups: Mapping[str, str]) -> list[list[Any]]:
    return [
        line
        for shade, stat in enumerate(("p95", "p50"))
        for line in _of_groups(inputs, groups, "TargetResponseTime", stat, f"{stat} ", shade)
    ]


def _load(inputs: Inputs, services: Mapping[str, str]) -> list[list[Any]]:
    """services: label, which may be a color, to name of the ECS service."""
    return [
        _line("AWS/ECS", metric, _ecs(inputs, name), f"{word} {label}", "Average", **_shade(label, shade))
        for shade, (metric, word) in enumerate((("CPUUtilization", "CPU"), ("MemoryUtilization", "memory")))
        for label, name in services.items()
    ]


def _counts(inputs: Inputs, services: Mapping[str, str]) -> list[list[Any]]:
    return [
        _line(INSIGHTS, metric, _ecs(inputs, name), f"{word} {label}", "Maximum", **_shade(label, shade))
        for shade, (metric, word) in enumerate((("RunningTaskCount", "running"), ("DesiredTaskCount", "desired")))
        for label, name in services.items()
    ]


def _shade(label: str, shade: int) -> Document:
    return {"color": SHADES[label][shade]} if label in SHADES else {}


def _group(inputs: Inputs, group: str) -> tuple[str, ...]:
    return ("TargetGroup", group, "LoadBalancer", load_balancer(inputs))


def _ecs(inputs: Inputs, name: str) -> tuple[str, ...]:
    return ("ClusterName", inputs["cluster"], "ServiceName", name)


def _line(space: str, metric: str, dimensions: tuple[str, ...], label: str, stat: str, **shown: Any) -> list[Any]:
    return [space, metric, *dimensions, {"label": label, "stat": stat, **shown}]


def _graph(inputs: Inputs, title: str, metrics: list[list[Any]], percent: bool = False) -> Document:
    properties: Document = {
        "title": title,
        "view": "timeSeries",
        "region": inputs["region"],
        "period": 60,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0, **({"max": 100} if percent else {})}},
    }
    return {"type": "metric", "properties": properties}


def _text(markdown: str) -> Document:
    return {"type": "text", "properties": {"markdown": markdown}}
