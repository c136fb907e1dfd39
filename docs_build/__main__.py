# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m docs_build` (`make docs`): check the blocks, draw the pictures, build the site, see that it is whole.

A warning of MkDocs is an error: a link or an anchor that leads nowhere, a page that is not there. Exit status 1 if
anything is wrong.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

from docs_build import check, pictures
from docs_build.pages import ROOT

# What a browser would fetch by itself when it shows the page.
_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?://[^\s\">]+)|<link\b[^>]*>")
_LINK = re.compile(r"\bhref=\"?(https?://[^\s\">]+)")
_FOLLOWED = re.compile(r"\brel=\"?(?:canonical|edit|next|prev|alternate)")


def main() -> int:
    """All of it; the exit status."""
    status = check.main()
    old = [f"docs/images/{name} was old and is written anew: commit it" for name in pictures.write()]
    print("\n".join(old), end="\n" if old else "")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        build(load_config(str(ROOT / "mkdocs.yml"), strict=True))
    except MkDocsException as error:
        print(f"the site was not built: {error}")
        return 1
    site = ROOT / "build" / "site"
    pages = sorted(site.rglob("*.html"))
    asked = [f"{page.relative_to(site)}: a reader's browser would ask {url}" for page in pages for url in fetched(page)]
    print("\n".join(asked), end="\n" if asked else "")
    print(f"{len(pages)} pages in {site.relative_to(ROOT)}")
    return 1 if asked or old else status


def fetched(page: Path) -> list[str]:
    """What the page has fetched from elsewhere: the site must be readable offline, and tell nobody who reads it."""
    found = []
    for element in _FETCHED.finditer(page.read_text(encoding="utf-8")):
        link = _LINK.search(element[0])
        if element[1]:
            found.append(element[1])
        elif link and not _FOLLOWED.search(element[0]):
            found.append(link[1])
    return found


if __name__ == "__main__":
    sys.exit(main())
