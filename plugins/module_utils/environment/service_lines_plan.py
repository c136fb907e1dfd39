# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What table and page say of a service and of the site, one function a row. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .lines_plan import BAD, DIM, WATCH, Entry, Line, Say, artifact, moment
from .promotion_plan import short, words

_ENGINES = {"two_service": "Slipway, between two services", "native": "ECS itself, within one service"}
# Outcomes after which the release that was asked for serves.
_WELL = ("promoted", "repaired", "rolled_back")


def _live(service: Entry) -> Entry | None:
    return next((each for each in service["colors"] if each["color"] == service["live_color"]), None)


def _traffic(service: Entry) -> Iterator[Line]:
    weights = [(str(each["color"]), int(each["weight"] or 0)) for each in service["colors"]]
    total = sum(weight for _color, weight in weights)
    if not total:
        yield Line("no color has the traffic", BAD if any(each["desired"] for each in service["colors"]) else DIM)
        return
    shares = tuple((color, round(100 * weight / total)) for color, weight in weights)
    split = sum(share > 0 for _color, share in shares) > 1
    text = ", ".join(f"{color} {share} %" for color, share in shares if share)
    yield Line(text, WATCH if split else "", weights=shares)


def _release(service: Entry) -> Iterator[Line]:
    color = _live(service) or (service["colors"][0] if service["kind"] != "web" else None)
    if color is None or not color["digest"]:
        yield Line("nothing released", DIM)
        return
    yield from artifact(color["digest"], color["git_sha"])


def _tasks(service: Entry) -> Iterator[Line]:
    """Of each color that has any."""
    for each in service["colors"]:
        live = each["color"] == service["live_color"] or service["kind"] != "web"
        if not (live or each["desired"] or each["running"] or each["pending"]):
            continue
        name = "" if service["kind"] != "web" else f"{each['color']} "
        healthy = f", {each['healthy']} healthy" if service["kind"] == "web" else ""
        pending = f", {each['pending']} pending" if each["pending"] else ""
        short_of = each["running"] < each["desired"] or (service["kind"] == "web" and each["healthy"] < each["desired"])
        yield Line(
            f"{name}{each['running']} of {each['desired']} running{healthy}{pending}", BAD if live and short_of else ""
        )


def _scaling(service: Entry) -> Iterator[Line]:
    found = service["scaling"]
    if found:
        held = ", scaling suspended" if found["suspended"] else ""
        yield Line(f"{found['min']} to {found['max']} tasks{held}", WATCH if held else "")


def _engine(service: Entry) -> Iterator[Line]:
    yield Line(_ENGINES.get(str(service["engine"]), str(service["engine"])), DIM)


def _route(service: Entry) -> Iterator[Line]:
    if service["priority"] is not None:
        yield Line(f"{service['host'] or 'any host'} {' '.join(service['path_patterns'])}".strip())


def _warm(service: Entry) -> Iterator[Line]:
    if service["warm"]:
        color: Entry = next((each for each in service["colors"] if each["color"] == service["warm"]["color"]), {})
        what = f" ({short(color.get('digest'))})" if color.get("digest") else ""
        yield Line(f"{service['warm']['color']}{what} until {moment(service['warm']['until'])}", title=_whole(color))


def _whole(color: Entry) -> str:
    return str(color.get("digest") or "")


def _last(entry: Entry) -> Iterator[Line]:
    found = entry["last_release"]
    if found is None:
        yield Line("none on record", DIM)
        return
    asked_back = found["kind"] == "rollback" and found["outcome"] == "rolled_back"
    well = found["outcome"] in _WELL and (found["outcome"] != "rolled_back" or asked_back)
    by = f" by {found['by']}" if found["by"] else ""
    # A run that was refused has changed nothing.
    tone = "" if well else WATCH if found["outcome"] in ("blocked", "superseded", "awaiting_approval") else BAD
    yield Line(f"{words(found['outcome'])} {moment(found['at'])}{by}", tone, title=found["id"])
    if not well and found["reason"]:
        yield Line(str(found["reason"])[:160], DIM, title=str(found["reason"]))


def _lock(entry: Entry) -> Iterator[Line]:
    if entry["lock"]:
        yield Line(f"{entry['lock']['holder']} until {moment(entry['lock']['until'])}", WATCH)


def _approval(service: Entry) -> Iterator[Line]:
    if service["awaiting_approval"]:
        yield Line(f"{service['awaiting_approval']} waits for a person: continue_backend.yml", WATCH)


def _workers(service: Entry) -> Iterator[Line]:
    for each in service["workers"]:
        lag = each["running"] < each["desired"]
        yield Line(f"{each['name']} {each['running']} of {each['desired']} running", BAD if lag else "", _whole(each))


def _scheduled(service: Entry) -> Iterator[Line]:
    for each in service["scheduled"]:
        off = ", disabled" if each["state"] == "DISABLED" else ""
        yield Line(f"{each['name']} {each['schedule']}{off}", WATCH if off else "", _whole(each))


def _service_alarms(service: Entry) -> Iterator[Line]:
    loud = [each["name"] for each in service["alarms"] if each["state"] == "ALARM"]
    yield from (Line(f"{name} in ALARM", BAD) for name in loud)
    if service["alarms"] and not loud:
        yield Line(f"quiet ({len(service['alarms'])})", DIM)


def _providers(service: Entry) -> Iterator[Line]:
    yield from (Line(f"{each['name']} {each['url'] or ''}".strip()) for each in service["providers"])


def _site_release(site: Entry) -> Iterator[Line]:
    release = site["release"]
    if release is None:
        yield Line("nothing published", DIM)
        return
    yield from artifact(release["id"], release["git_sha"])
    if release["state"] != "active":
        yield Line(f"its change has come as far as {release['state']}", WATCH)


def _published(site: Entry) -> Iterator[Line]:
    if site["release"]:
        by = f" by {site['release']['by']}" if site["release"]["by"] else ""
        yield Line(f"{moment(site['release']['at'])}{by}")


def _edge(site: Entry) -> Iterator[Line]:
    if site["distribution_id"] is None:
        yield Line("no distribution", BAD)
        return
    yield Line(f"{site['distribution_id']} {words(site['status'])}", "" if site["status"] == "Deployed" else WATCH)
    yield Line(", ".join(site["aliases"]) or str(site["domain_name"]), DIM)
    if site["invalidations_in_progress"]:
        yield Line(f"{site['invalidations_in_progress']} invalidations in progress", WATCH)


def _site_firewall(site: Entry) -> Iterator[Line]:
    yield Line(site["firewall"]) if site["firewall"] else Line("none", WATCH)


SERVICE: Sequence[tuple[str, Say]] = (
    ("traffic", _traffic),
    ("serves", _release),
    ("tasks", _tasks),
    ("scaling", _scaling),
    ("awaiting", _approval),
    ("kept warm", _warm),
    ("last run", _last),
    ("lock", _lock),
    ("workers", _workers),
    ("scheduled", _scheduled),
    ("route", _route),
    ("LLM APIs", _providers),
    ("alarms", _service_alarms),
    ("shifted by", _engine),
)
WORKER = tuple(
    (label, say) for label, say in SERVICE if label in ("serves", "tasks", "last run", "lock", "scheduled", "LLM APIs")
)
SITE: Sequence[tuple[str, Say]] = (
    ("serves", _site_release),
    ("published", _published),
    ("edge", _edge),
    ("firewall", _site_firewall),
    ("last run", _last),
    ("lock", _lock),
)
