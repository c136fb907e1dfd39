# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layout of the frontend: one line from the visitors through the firewall and the edge to the bucket.

The pipeline stands above, between the two that it changes, so that its lines come down without meeting another.
"""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.module_utils.diagram import delivery_plan, words_plan
from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import Canvas, Rect, node_height

ACCOUNT_TOP, CARDS_TOP, ACCOUNT = 124.0, 172.0, (152.0, 796.0)
# Left side and width of each card.
VISITORS, FIREWALL, EDGE, BUCKET = (12.0, 108.0), (172.0, 166.0), (408.0, 214.0), (718.0, 212.0)
PIPELINE_TOP, PIPELINE_WIDTH = 16.0, 176.0


def draw(snapshot: words_plan.Snapshot) -> Canvas:
    """The picture of one environment."""
    said = delivery_plan.frontend(snapshot)
    name = str(snapshot.get("name"))
    canvas = Canvas(f"Frontend of {name}: the way of a request to the site, and what a release changes")
    canvas.head(f"Frontend · {name}", words_plan.read_at([snapshot]), 380)
    problems = words_plan.problems(snapshot)
    if not said:
        unread = words_plan.unread(snapshot, "distribution", "current")
        canvas.text(12, 88, "The site was not read." if unread else "No site is here.", tone="dim")
        canvas.foot(problems, 104)
        return canvas
    height = node_height(max(len(said.edge.lines), len(said.bucket.lines)))
    bottom = CARDS_TOP + height + 22
    canvas.rect(ACCOUNT[0], ACCOUNT_TOP, ACCOUNT[1], bottom - ACCOUNT_TOP, "account")
    canvas.text(ACCOUNT[0] + 16, ACCOUNT_TOP + 24, words_plan.account(snapshot), 320, bold=True, tone="dim")
    edge = canvas.node(_card(EDGE, height, said.edge), "globe", "CloudFront", said.edge.lines)
    bucket = canvas.node(_card(BUCKET, height, said.bucket), "bucket", "S3", said.bucket.lines)
    _requests(canvas, said, edge, bucket)
    _release(canvas, said, edge, bucket)
    canvas.foot(problems, bottom + 4)
    return canvas


def _card(place: tuple[float, float], height: float, card: delivery_plan.Card) -> Rect:
    return Rect(place[0], CARDS_TOP, place[1], height, "card", card.title)


def _requests(canvas: Canvas, said: delivery_plan.Frontend, edge: Rect, bucket: Rect) -> None:
    """From the visitors to the bucket and back."""
    middle = edge.middle
    visitors = Rect(VISITORS[0], middle - node_height(0) / 2, VISITORS[1], node_height(0), "card")
    canvas.node(visitors, "users", "Visitors", ())
    before = visitors
    if said.firewall:
        size = node_height(len(said.firewall.lines))
        wall = Rect(FIREWALL[0], middle - size / 2, FIREWALL[1], size, "card", said.firewall.title)
        canvas.node(wall, "shield", "Firewall", said.firewall.lines)
        canvas.edge([(visitors.right, middle), (wall.x, middle)], "visitors", heads="both")
        before = wall
    canvas.edge([(before.right, middle), (edge.x, middle)], "requests", heads="both")
    canvas.edge([(edge.right, middle), (bucket.x, middle)], "origin", heads="both")
    canvas.text((edge.right + bucket.x) / 2, middle - 8, "signed reads", anchor="middle", tone="dim")


def _release(canvas: Canvas, said: delivery_plan.Frontend, edge: Rect, bucket: Rect) -> None:
    """The pipeline, what it puts into the bucket, and what it clears from the edge."""
    lines = said.pipeline.lines
    left = (edge.center + bucket.center - PIPELINE_WIDTH) / 2
    box = Rect(left, PIPELINE_TOP, PIPELINE_WIDTH, node_height(len(lines)), "card", said.pipeline.title)
    icon, name = ("users", "By hand") if said.by_hand else ("pipeline", "GitHub Actions")
    canvas.node(box, icon, name, lines)
    canvas.edge([(box.x, box.middle), (edge.center, box.middle), (edge.center, edge.y)], "invalidation", heads="end")
    canvas.edge(
        [(box.right, box.middle), (bucket.center, box.middle), (bucket.center, bucket.y)], "release", heads="end"
    )
    y = ACCOUNT_TOP - 14
    canvas.text(edge.center - 10, y, "2. invalidates", anchor="end", tone="dim")
    canvas.text(bucket.center + 10, y, "1. publishes", tone="dim")
