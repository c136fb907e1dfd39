# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layout of the backend: account, VPC, a column for each zone, in it the subnets, and over them what spans zones.

Requests come from above, go down a trunk left of the columns and branch off to each color. What services reach is right
of the VPC, at the end of lines that leave one bus. Nothing crosses, because nothing else runs in the two gutters and
every line to the right has a height of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.slipway.ops.plugins.module_utils.diagram import scene_plan as scene
from ansible_collections.slipway.ops.plugins.module_utils.diagram import words_plan as words
from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import (
    BODY,
    LINE,
    NAME,
    Canvas,
    Point,
    Rect,
    node_height,
)

# Left and right sides of what is nested, from the outermost inward.
ACCOUNT, VPC, COLUMNS = (8.0, 768.0), (24.0, 632.0), (146.0, 578.0)
TRUNK, BUS = 66.0, 605.0
# Where S3 stands in the account, and the others outside of it: left side and width.
STORE, OUTSIDE = (652.0, 102.0), (794.0, 158.0)
ZONE_GAP, INSET, BAND_INSET, ROW_INSET = 14.0, 7.0, 16.0, 8.0
USERS_TOP, USERS_WIDTH, TOP = 16.0, 96.0, 88.0
# The title of a frame, and the two lines of a subnet.
TITLE, SUBNET_HEAD = 28.0, 46.0
HEADER, ROW, BAND_GAP, PAD = 36.0, 28.0, 14.0, 14.0
HOST, HOST_GAP, HOST_INSET = 44.0, 8.0, 24.0
BALANCER = node_height(1)
TARGET_GAP, PORT = 26.0, 10.0
# How far targets are moved for a line that goes straight.
SNAP = 16.0
# How far before its own height a branch leaves the trunk.
LEAVE = 12.0


@dataclass(frozen=True)
class _Heights:
    """Where everything stands from top to bottom: (top, end) of subnets, and the top of each band."""

    public: tuple[float, float]
    private: tuple[float, float]
    balancer: float
    bands: tuple[tuple[scene.Service, float], ...]
    gpu: float

    def middles(self) -> list[float]:
        """The middle of each service's band."""
        return [top + _band_height(service) / 2 for service, top in self.bands]


def draw(snapshot: words.Snapshot) -> Canvas:
    """The picture of one environment."""
    said = scene.backend(snapshot)
    name = str(snapshot.get("name"))
    canvas = Canvas(f"Backend of {name}: who reaches what, and which color has the traffic")
    problems = words.problems(snapshot)
    if not said.zones:
        canvas.head(f"Backend · {name}", words.read_at([snapshot]))
        unread = words.unread(snapshot, "network")
        canvas.text(12, TOP, "The network was not read." if unread else "No network is here.", tone="dim")
        canvas.foot(problems, TOP + 16)
        return canvas
    columns = _columns(len(said.zones))
    gate = _gate(columns)
    canvas.head(f"Backend · {name}", words.read_at([snapshot]), gate - USERS_WIDTH / 2 - 24)
    heights = _heights(said)
    targets = _target_tops(said, heights)
    _frames(canvas, said, words.account(snapshot), heights, targets)
    _zones(canvas, said, columns, heights)
    if said.balancer:
        _traffic(canvas, said.balancer, heights, gate)
    for service, top in heights.bands:
        _band(canvas, service, top)
    if said.gpu:
        _gpu(canvas, said.gpu, columns, heights.gpu)
    _egress(canvas, said, heights, targets)
    canvas.foot(problems, canvas.height)
    return canvas


def _columns(zones: int) -> list[tuple[float, float]]:
    """Left side and width of the column of each zone."""
    width = (COLUMNS[1] - COLUMNS[0] - ZONE_GAP * (zones - 1)) / zones
    return [(COLUMNS[0] + at * (width + ZONE_GAP), width) for at in range(zones)]


def _gate(columns: Sequence[tuple[float, float]]) -> float:
    """Where requests come down: between two columns, where no title is."""
    if len(columns) == 1:
        return (COLUMNS[0] + COLUMNS[1]) / 2
    return columns[(len(columns) + 1) // 2][0] - ZONE_GAP / 2


def _band_height(service: scene.Service) -> float:
    return HEADER + ROW * len(service.colors) + 6


def _gpu_height(gpu: scene.Gpu) -> float:
    columns = [host.column for host in gpu.hosts]
    most = max(columns.count(column) for column in columns)
    return HEADER + most * (HOST + HOST_GAP) + 4


def _heights(said: scene.Backend) -> _Heights:
    public_top = TOP + 2 * TITLE + 6 + TITLE
    balancer = public_top + SUBNET_HEAD
    y = balancer + (BALANCER + BAND_GAP if said.balancer else 0)
    bands = []
    for service in (each for each in said.services if not each.private):
        bands.append((service, y))
        y += _band_height(service) + BAND_GAP
    public_end = max(y - BAND_GAP + PAD, public_top + SUBNET_HEAD)
    private_top = public_end + INSET
    y = private_top + SUBNET_HEAD
    for service in (each for each in said.services if each.private):
        bands.append((service, y))
        y += _band_height(service) + BAND_GAP
    gpu = y
    y += _gpu_height(said.gpu) + BAND_GAP if said.gpu else 0
    private_end = max(y - BAND_GAP + PAD, private_top + SUBNET_HEAD)
    if not any(zone.private for zone in said.zones) and y == private_top + SUBNET_HEAD:
        private_end = private_top = public_end
    return _Heights((public_top, public_end), (private_top, private_end), balancer, tuple(bands), gpu)


def _target_tops(said: scene.Backend, heights: _Heights) -> list[float]:
    """The top of each target, all of them centered beside the services."""
    tall = [node_height(len(target.lines)) for target in said.targets]
    middles = heights.middles() or [heights.balancer]
    least = TOP + TITLE + 12
    y = max(least, (middles[0] + middles[-1] - sum(tall) - TARGET_GAP * (len(tall) - 1)) / 2)
    tops = []
    for height in tall:
        tops.append(y)
        y += height + TARGET_GAP
    # A line that all but goes on from that of a service goes straight.
    apart = [m - top - height / 2 for top, height in zip(tops, tall, strict=True) for m in middles]
    nearest = min(apart, key=abs, default=0.0)
    return [top + nearest for top in tops] if abs(nearest) <= SNAP and tops[:1] >= [least - nearest] else tops


def _frames(canvas: Canvas, said: scene.Backend, account: str, heights: _Heights, targets: Sequence[float]) -> None:
    """The account and the VPC, large enough for the lines that leave it."""
    ends = [top + node_height(len(target.lines)) for target, top in zip(said.targets, targets, strict=True)]
    vpc_end = max([heights.private[1] + 2 * INSET, *(end - 10 for end in ends)])
    account_end = max([vpc_end, *ends]) + 14
    room = _gate(_columns(len(said.zones))) - 60
    canvas.rect(ACCOUNT[0], TOP, ACCOUNT[1] - ACCOUNT[0], account_end - TOP, "account")
    canvas.text(ACCOUNT[0] + 14, TOP + 19, account, room, bold=True, tone="dim")
    top = TOP + TITLE
    canvas.rect(VPC[0], top, VPC[1] - VPC[0], vpc_end - top, "vpc", said.vpc_title)
    canvas.text(VPC[0] + 14, top + 20, said.vpc, room, bold=True, tone="dim")
    canvas.height = account_end


def _zones(canvas: Canvas, said: scene.Backend, columns: Sequence[tuple[float, float]], heights: _Heights) -> None:
    """A column for each zone, and its subnets."""
    top = heights.public[0] - TITLE
    for zone, (left, width) in zip(said.zones, columns, strict=True):
        canvas.rect(left, top, width, heights.private[1] + INSET - top, "zone")
        canvas.text(left + INSET + 6, top + 19, zone.name, width - 26, bold=True, tone="dim")
        for kind, cidr, title, (y, end) in (
            ("Public", zone.public, zone.titles[0], heights.public),
            ("Private", zone.private, zone.titles[1], heights.private),
        ):
            if not cidr:
                continue
            canvas.rect(left + INSET, y, width - 2 * INSET, end - y, f"subnet-{kind.lower()}", title)
            canvas.text(left + INSET + 6, y + 18, f"{kind} subnet", width - 26, title=title)
            canvas.text(left + INSET + 6, y + 18 + LINE, cidr, width - 26, tone="dim")


def _spanning(top: float, height: float, kind: str, title: str) -> Rect:
    """What stands over all columns."""
    return Rect(COLUMNS[0] + BAND_INSET, top, COLUMNS[1] - COLUMNS[0] - 2 * BAND_INSET, height, kind, title)


def _row(band: Rect, at: int) -> Rect:
    """The row of a color in its service's band."""
    return Rect(band.x + ROW_INSET, band.y + HEADER + at * ROW, band.width - 2 * ROW_INSET, ROW - 4, "row")


def _traffic(canvas: Canvas, balancer: scene.Balancer, heights: _Heights, gate: float) -> None:
    """Users, the load balancer, and from it the trunk with a branch to each color that a rule knows."""
    users = canvas.rect(gate - USERS_WIDTH / 2, USERS_TOP, USERS_WIDTH, node_height(0), "card")
    canvas.icon(users.x + 14, users.y + 11, "users")
    canvas.text(users.x + 40, users.y + 26, "Users", size=NAME, bold=True)
    card = _spanning(heights.balancer, BALANCER, "card", balancer.title)
    canvas.node(card, "balancer", balancer.name, [(balancer.about, "dim")])
    canvas.edge([(gate, users.bottom), (gate, card.y)], "requests", heads="end")
    _port(canvas, gate, TOP + TITLE, "internet gateway")
    branches = [
        (color, _row(_spanning(top, _band_height(service), "band", ""), at))
        for service, top in heights.bands
        for at, color in enumerate(service.colors)
        if color.share is not None
    ]
    if not branches:
        return
    last = branches[-1][1].middle
    canvas.edge([(card.x, card.middle), (TRUNK, card.middle), (TRUNK, last - LEAVE)], "traffic")
    for color, row in branches:
        tone = color.tone if color.share else "faint"
        way = [(TRUNK, row.middle - LEAVE), (TRUNK, row.middle), (row.x, row.middle)]
        canvas.edge(way, "traffic", tone, "end", dashed=not color.share)
        canvas.pill((TRUNK + row.x) / 2 - 4, row.middle, f"{color.share} %", tone)


def _port(canvas: Canvas, x: float, y: float, title: str) -> None:
    """Where a line passes the VPC's border."""
    canvas.rect(x - PORT / 2, y - PORT / 2, PORT, PORT, "port", title)


def _band(canvas: Canvas, service: scene.Service, top: float) -> None:
    """A service over all zones, with a row for each color."""
    band = _spanning(top, _band_height(service), "band", service.title)
    canvas.rects.append(band)
    canvas.icon(band.x + 12, band.y + 8, "tasks")
    mark = canvas.text(band.right - 18, band.y + 23, service.mark[0], tone=service.mark[1], anchor="end")
    room = mark.box().x - band.x - 52 if service.mark[0] else band.width - 52
    name = canvas.text(band.x + 40, band.y + 23, service.name, room, size=NAME, bold=True)
    left = name.box().right + 12
    if (rest := band.x + 40 + room - left) > 40:
        canvas.text(left, band.y + 23, service.about, rest, tone="dim")
    for at, color in enumerate(service.colors):
        row = _row(band, at)
        kind = f"row-{color.tone}" if color.share or color.tone == "plain" else "row-idle"
        canvas.rect(row.x, row.y, row.width, row.height, kind, color.title)
        tone = color.tone if color.tone != "plain" else "ink"
        y = row.middle + BODY * 0.36
        canvas.text(row.x + 14, y, color.name, 50 if color.release else 160, bold=True, tone=tone, title=color.title)
        said = "ink" if color.share or color.tone == "plain" else "dim"
        canvas.text(row.x + 68, y, color.release, 102, tone=said, title=color.title)
        canvas.text(row.x + 180, y, color.tasks, 88, tone=said)
        canvas.text(row.right - 12, y, color.note[0], 104, tone=color.note[1], anchor="end")


def _gpu(canvas: Canvas, gpu: scene.Gpu, columns: Sequence[tuple[float, float]], top: float) -> None:
    """The GPU hosts, each in the column of its zone."""
    band = _spanning(top, _gpu_height(gpu), "band", "")
    canvas.rects.append(band)
    canvas.icon(band.x + 12, band.y + 8, "chip")
    name = canvas.text(band.x + 40, band.y + 23, "GPU hosts", size=NAME, bold=True).box()
    cost = canvas.text(band.right - 18, band.y + 23, gpu.cost, anchor="end", tone="dim").box()
    canvas.text(name.right + 12, band.y + 23, gpu.about, cost.x - name.right - 24, tone="dim")
    taken = [0] * len(columns)
    for host in gpu.hosts:
        left, width = columns[host.column]
        y = band.y + HEADER + taken[host.column] * (HOST + HOST_GAP)
        taken[host.column] += 1
        chip = canvas.rect(left + HOST_INSET, y, width - 2 * HOST_INSET, HOST, "row-plain", host.title)
        canvas.text(chip.x + 9, y + 18, host.name, chip.width - 14, title=host.title)
        canvas.text(chip.x + 9, y + 18 + LINE, host.about[0], chip.width - 14, tone=host.about[1])


def _egress(canvas: Canvas, said: scene.Backend, heights: _Heights, tops: Sequence[float]) -> None:
    """The bus right of the columns: from every service, to every target and to the GPU hosts."""
    places = []
    for target, top in zip(said.targets, tops, strict=True):
        left, width = STORE if target.kind == "s3" else OUTSIDE
        icon = {"providers": "model", "s3": "bucket", "atlas": "database"}[target.kind]
        box = Rect(left, top, width, node_height(len(target.lines)), "card", target.title)
        canvas.node(box, icon, target.name, target.lines)
        if target.connected:
            places.append((target, box))
    middles = heights.middles()
    if not middles or not (places or said.gpu):
        return
    # Every line turns towards the same height on the bus, so that all together look like one.
    hub = (BUS, (middles[0] + middles[-1]) / 2)
    right = COLUMNS[1] - BAND_INSET
    straight = {place[1].middle for place in places} & set(middles)
    for middle in middles:
        corner = (BUS, middle)
        for way in (
            ([(right, middle), corner], [corner, hub]) if middle in straight else ([(right, middle), corner, hub],)
        ):
            canvas.edge(way, "egress")
    if said.gpu:
        y = heights.gpu + _gpu_height(said.gpu) / 2
        canvas.edge([hub, (BUS, y), (right, y)], "egress", heads="end")
    for target, box in places:
        _line_out(canvas, target, box, (BUS, box.middle) if box.middle in straight else hub)


def _line_out(canvas: Canvas, target: scene.Target, box: Rect, hub: Point) -> None:
    """The line from the bus through the VPC's border, with what there is to say about the connection."""
    y = box.middle
    # The last bit before the bend is the target's own, so that the bus has one color.
    leave = (BUS, y + max(-LEAVE, min(LEAVE, hub[1] - y)))
    canvas.edge([hub, leave], "egress")
    tone = "line" if target.up else "bad"
    canvas.edge([leave, (BUS, y), (box.x, y)], "egress", tone, "end", dashed=not target.up)
    _port(canvas, VPC[1], y, target.title)
    room = STORE[1] + 8
    canvas.text(STORE[0] - 2, y - 7, target.label[0], room, tone=target.label[1])
    canvas.text(STORE[0] - 2, y + 17, target.below[0], room, tone=target.below[1])
