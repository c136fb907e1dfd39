# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image installs agrees with the checkout, and the Dockerfile keeps its promises."""

from __future__ import annotations

import re

from .conftest import FOLDER


def pins(path):
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_the_image_installs_what_the_tests_ran_with():
    own, checkout = pins(FOLDER / "requirements.txt"), pins(FOLDER.parents[1] / "requirements.txt")
    assert own.items() <= checkout.items()
    assert pins(FOLDER / "requirements.in").items() <= own.items()


def test_every_installed_file_has_a_hash():
    lines = (FOLDER / "requirements.txt").read_text().split("\n")
    assert all(line.endswith("\\") or line.startswith("    --hash=") or not line for line in lines)


def test_the_dockerfile_runs_as_nobody_in_particular():
    text = (FOLDER / "Dockerfile").read_text()
    assert "USER 10001:10001" in text
    assert text.count("FROM ${BASE}") == 2
    assert 'ENTRYPOINT ["' in text
