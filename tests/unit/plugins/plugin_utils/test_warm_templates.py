# SPDX-License-Identifier: GPL-3.0-or-later
"""What one worker has compiled the next one has; and only what is the same in every way."""

from __future__ import annotations

import os
import socket

import pytest
from ansible._internal._datatag._tags import Origin
from ansible._internal._templating import _jinja_bits
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.slipway.ops.plugins.plugin_utils.warm_templates import compiled_once

VARIABLES = {"name": "slipway", "nested": trust_as_template("{{ name }}-local")}


def text(template, line=1):
    return trust_as_template(Origin(path="/play.yml", line_num=line, col_num=5).tag(template))


def rendered(template):
    return Templar(loader=DataLoader(), variables=VARIABLES).template(template)


def in_a_worker(work):
    """Run it in a process of its own, as a task is; whether it raised nothing."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


@pytest.fixture
def compiled(monkeypatch):
    """Texts that were compiled in this process, while the cache is on."""
    found = []
    original = _jinja_bits.AnsibleEnvironment.compile

    def counted(self, source, *args, **kwargs):
        found.append(str(source))
        return original(self, source, *args, **kwargs)

    monkeypatch.setattr(_jinja_bits.AnsibleEnvironment, "compile", counted)
    with compiled_once() as shared:
        yield found, shared


def test_a_worker_need_not_compile_what_one_before_it_has(compiled):
    found, shared = compiled
    assert in_a_worker(lambda: rendered(text("{{ nested }}!")))
    assert found == []
    shared.take()
    assert rendered(text("{{ nested }}!")) == "slipway-local!"
    # The nested one has no origin, and so is nobody's but its own.
    assert found == ["{{ name }}-local"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: text("{{ name }}", line=2), id="of another line"),
        pytest.param(lambda: text("{{ name }} "), id="of another text"),
        pytest.param(lambda: text("#jinja2: trim_blocks: False\n{{ name }}"), id="with settings of its own"),
    ],
)
def test_what_differs_is_compiled(compiled, other):
    found, _shared = compiled
    rendered(text("{{ name }}"))
    rendered(text("{{ name }}"))
    assert len(found) == 1
    rendered(other())
    assert len(found) == 2


def test_an_error_names_its_own_place(compiled):
    _found, shared = compiled
    for line in (3, 4):
        assert not in_a_worker(lambda line=line: rendered(text("{{ missing }}", line)))
        shared.take()
    for line in (3, 4):
        with pytest.raises(AnsibleUndefinedVariable, match="'missing' is undefined") as raised:
            rendered(text("{{ missing }}", line))
        assert raised.value.obj == "{{ missing }}"
        assert Origin.get_tag(raised.value.obj).line_num == line


def test_more_than_the_controller_can_take_is_left(compiled):
    found, shared = compiled
    shared._sent.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    assert in_a_worker(lambda: [rendered(text("{{ name }}", line)) for line in range(1, 40)])
    shared.take()
    for line in (1, 39):
        assert rendered(text("{{ name }}", line)) == "slipway"
    assert found == ["{{ name }}"]


def test_afterwards_ansible_is_as_before():
    before = _jinja_bits.AnsibleEnvironment.compile
    with compiled_once():
        assert _jinja_bits.AnsibleEnvironment.compile is not before
    assert _jinja_bits.AnsibleEnvironment.compile is before
