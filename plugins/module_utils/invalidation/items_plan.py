# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What CloudFront accepts in an invalidation, and how a key of the bucket is spelled there. Pure.

CloudFront Developer Guide, "What you need to know when invalidating files": a path starts with a slash, has at most
4,000 characters, is case-sensitive, and has its non-ASCII characters and those that RFC 1738 calls unsafe URL-encoded
and nothing else, as CloudFront would not find the cached file otherwise. The wildcard is the last character.
"What you need to know when invalidating tags": an item of a tag starts with #, the tag has 1 to 256 visible ASCII
characters without a comma, upper and lower case are one, and there is no wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

LONGEST_PATH = 4000
LONGEST_TAG = 256
WILDCARD = "*"
# RFC 1738, section 2.2, "Unsafe"; spaces and control characters are among them, the tilde too.
_UNSAFE = re.compile(r"[^!-~]|[<>\"#%{}|\\^~\[\]`]")
# The same, where something may be encoded already: %XX is one match of three characters and stays.
_ENCODED = re.compile("%[0-9A-Fa-f]{2}|" + _UNSAFE.pattern)
_TAG = re.compile(r"[!-+\--~]{1,256}")


def encoded(text: str) -> str:
    """text with every non-ASCII and every unsafe character as %XX of its UTF-8 bytes. A percent sign is one of them."""
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), text)


def spelled(uri: str) -> list[str]:
    """The items under which CloudFront may have the object whose viewer path, not encoded, is uri: nearly always one.

    S3 takes a + in a path for a space, so that a viewer has to send %2B; which of the two CloudFront keeps is not
    documented, so both are named. A question mark would begin the query string. An asterisk can only be the wildcard.
    """
    before, star, _after = uri.partition(WILDCARD)
    plain = encoded(before).replace("?", "%3F")
    both = [plain, plain.replace("+", "%2B")] if "+" in plain else [plain]
    return [item + star for item in both]


def viewer_path(key: str) -> str:
    """The path of the URL under which a visitor gets the object of that key, encoded as RFC 3986 and S3 want it."""
    return "/" + quote(key, safe="/!$&'()*,;=:@")


def matches(item: str, path: str) -> bool:
    """Whether the item of an invalidation clears the path; a tag clears no path that anybody could name."""
    if item.endswith(WILDCARD):
        return path.startswith(item[:-1])
    return path == item


def without_covered(items: Iterable[str]) -> list[str]:
    """The items sorted, without repetitions and without those that a wildcard among them clears as well."""
    every = sorted(set(items))
    wild = [item[:-1] for item in every if item.endswith(WILDCARD)]
    return [item for item in every if not any(item.startswith(prefix) and item != prefix + WILDCARD for prefix in wild)]


def path_problem(path: str) -> str | None:
    """Why CloudFront would refuse the path or clear nothing by it, in one line; None when it is well."""
    if not path.startswith("/"):
        return f"{path!r}: a path starts with a slash"
    if len(path) > LONGEST_PATH:
        return f"{path[:40]!r}...: {len(path)} characters, and CloudFront takes {LONGEST_PATH}"
    if WILDCARD in path[:-1]:
        return f"{path!r}: the wildcard * can only be the last character"
    right = _ENCODED.sub(lambda found: found.group() if len(found.group()) == 3 else encoded(found.group()), path)
    if right != path:
        return f"{path!r}: write it URL-encoded, as {right!r}"
    return None


def tag_problem(tag: str) -> str | None:
    if not _TAG.fullmatch(tag) or WILDCARD in tag:
        return f"{tag!r} is no cache tag: 1 to {LONGEST_TAG} visible ASCII characters without comma and without *"
    return None


def tag_items(tags: Iterable[str]) -> list[str]:
    """The items of the tags, in lower case and sorted: CloudFront makes no difference."""
    return sorted({f"#{tag.lower()}" for tag in tags})
