# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which viewer paths have an object of the bucket, given what the routing function of the distribution does. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Routes:
    """What becomes of a viewer's URI before CloudFront looks into its cache.

    root: the key that / serves. directories: whether /docs and /docs/ serve docs/index.html, or, as in a single-page
    application, the root document as every URI without extension does. rewritten: URIs, not encoded, that the function
    turns into the root document and that are named beside it.

    A viewer-request function's URI is the one that CloudFront looks up, so that the root document is enough for
    whatever is rewritten to it; the guide nevertheless recommends both URIs, the one before and the one after, and for
    a directory both spellings. The URIs before are without number in a single-page application: what is sent beside /
    is what the caller names.
    """

    root: str = "index.html"
    directories: bool = False
    rewritten: tuple[str, ...] = ()


SINGLE_PAGE = Routes()


def uris_of(key: str, routes: Routes) -> list[str]:
    """The viewer paths, not encoded, that serve the object of that key, relative to the distribution's origin path."""
    if key == routes.root:
        return ["/", f"/{key}", *routes.rewritten]
    folder, slash, name = key.rpartition("/")
    if routes.directories and slash and name == routes.root.rpartition("/")[2]:
        return [f"/{folder}", f"/{folder}/", f"/{key}"]
    return [f"/{key}"]
