# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate opens for an environment that really asks a person, and for nothing else that GitHub may answer."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

from .conftest import program

gate = program("gate")
DIGEST = "sha256:" + "a" * 64


def environment(*, reviewers=("alice",), own=True, branches=True, kind="login", **other):
    """An answer of GET /repos/OWNER/REPO/environments/NAME, as GitHub Docs show it."""
    asked = [{"type": "User", "reviewer": {kind: name}} for name in reviewers]
    rule = {"id": 1, "type": "required_reviewers", "prevent_self_review": own, "reviewers": asked}
    policy = {"protected_branches": branches, "custom_branch_policies": not branches}
    return {
        "id": 161088068,
        "name": "production",
        "protection_rules": [{"id": 2, "type": "wait_timer", "wait_timer": 30}, rule],
        "deployment_branch_policy": policy,
        **other,
    }


CASES = {
    "reviewers": (environment(), "reviewers", None),
    "a-team": (environment(reviewers=["release"], kind="name"), "reviewers", None),
    "own-runs-open": (environment(own=False), "reviewers", "Prevent self-review"),
    "own-runs-untold": (environment(own=None), "reviewers", "Prevent self-review"),
    "nobody-in-the-rule": (environment(reviewers=[]), "reviewers", "no required reviewers"),
    "no-rules": (environment(protection_rules=[]), "reviewers", "no required reviewers"),
    "rules-of-another-shape": (environment(protection_rules={"required": True}), "reviewers", "no required reviewers"),
    "rules-missing": ({"name": "production"}, "reviewers", "no required reviewers"),
    "only-a-timer": (
        environment(protection_rules=[{"type": "wait_timer", "wait_timer": 5}]),
        "reviewers",
        "no required reviewers",
    ),
    "dispatch": (environment(protection_rules=[]), "dispatch", None),
    "dispatch-named-branches": (environment(protection_rules=[], branches=False), "dispatch", None),
    "dispatch-any-branch": (environment(deployment_branch_policy=None), "dispatch", "any branch may deploy"),
    "nothing-required": (environment(), "none", "neither reviewers nor dispatch"),
}


@pytest.mark.parametrize(("found", "require", "problem"), CASES.values(), ids=CASES)
def test_what_is_a_gate(found, require, problem):
    verdict = gate.judge(found, require, "workflow_dispatch", DIGEST)
    assert [problem in told for told in verdict.problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("event", "artifact", "problem"),
    [
        ("push", DIGEST, "not by a person"),
        ("schedule", DIGEST, "not by a person"),
        ("", DIGEST, "started by nothing"),
        ("workflow_dispatch", "", "no artifact"),
        ("workflow_dispatch", "latest", "no artifact"),
        ("workflow_dispatch", DIGEST + "\n", "no artifact"),
        ("workflow_dispatch", "b" * 64, None),
    ],
)
def test_without_reviewers_a_person_names_the_artifact(event, artifact, problem):
    verdict = gate.judge(environment(protection_rules=[]), "dispatch", event, artifact)
    assert [problem in told for told in verdict.problems] == ([True] if problem else [])


def test_people_are_told_what_was_found():
    facts = gate.judge(environment(reviewers=["alice", "bob"], can_admins_bypass=False), "reviewers", "push", "").facts
    assert facts == {
        "Reviewers": "alice, bob",
        "Own runs": "cannot be approved by who started them",
        "Branches": "protected ones",
        "Administrators": "wait like everybody",
    }
    assert gate.judge(environment(), "reviewers", "push", "").facts["Administrators"] == "may pass by"


class GitHub(http.server.BaseHTTPRequestHandler):
    """Answers each question with the next of `answers`: status, body, headers."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Authorization"]))
        status, body, headers = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def api():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitHub) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(api, runner, monkeypatch, capsys):
    """Run the program against answers; returns exit status, what it printed, and the summary."""

    def run(*answers, name="production", url=None):
        api.asked, api.answers = [], list(answers)
        values = {"ENVIRONMENT": name, "REQUIRE": "reviewers", "ARTIFACT": "", "TOKEN": "t0ken"}
        values["API"] = url or f"http://127.0.0.1:{api.server_port}/api/v3/"
        for key, value in values.items():
            monkeypatch.setenv(key, value)
        status = gate.main()
        return status, capsys.readouterr().out, (runner / "summary").read_text()

    return run


def body(found):
    return json.dumps(found).encode()


def test_the_gate_opens(ask, api):
    status, printed, summary = ask((200, body(environment()), {}))
    assert status == 0
    assert printed == "Environment production asks: alice\n"
    assert summary.startswith("## Gate production: open to a person's approval\n")
    assert "| Administrators | may pass by |" in summary
    assert api.asked == [("/api/v3/repos/acme/shop/environments/production", "Bearer t0ken")]


ANSWERS = {
    "missing": (404, b'{"message": "Not Found"}', {}, "would make it without any protection"),
    "forbidden": (403, b"", {}, "needs the permission actions: read"),
    "not-logged-in": (401, b"", {}, "needs the permission actions: read"),
    "broken": (502, b"", {}, "answered with status 502"),
    "moved": (301, b"", {"Location": "/elsewhere"}, "answered with status 301"),
    "no-content": (204, b"", {}, "could not be read"),
    "no-json": (200, b"<html>", {}, "could not be read"),
    "a-list": (200, b"[]", {}, "something else than this environment"),
    "another-environment": (200, body(environment(name="preview")), {}, "something else than this environment"),
    "an-unknown-shape": (200, body(environment(protection_rules=[7])), {}, "was not understood"),
    "unprotected": (200, body(environment(protection_rules=[])), {}, "no required reviewers"),
}


@pytest.mark.parametrize(("status", "content", "headers", "problem"), ANSWERS.values(), ids=ANSWERS)
def test_the_gate_stays_closed(ask, api, status, content, headers, problem):
    ended, printed, summary = ask((status, content, headers))
    assert ended == 1
    assert printed.startswith("::error title=Gate::Environment production: ")
    assert problem in printed
    assert problem in summary
    assert "Nothing was deployed behind this gate" in summary
    assert len(api.asked) == 1  # never again elsewhere, with the token


def test_nobody_answers(ask):
    ended, printed, _summary = ask(url="http://127.0.0.1:9")
    assert (ended, "could not be read" in printed) == (1, True)


def test_the_token_goes_nowhere_in_the_clear(ask):
    ended, printed, _summary = ask(url="http://api.example.com")
    assert (ended, "is not https" in printed) == (1, True)


def test_what_others_named_is_data(ask, api):
    """Neither a path, nor Markdown, nor a workflow command."""
    found = environment(name="a/../b", reviewers=["![x](https://evil)\n::set-output name=a::b"])
    status, printed, summary = ask((200, body(found), {}), name="a/../b")
    assert status == 0
    assert api.asked[0][0].endswith("/environments/a%2F..%2Fb")
    assert "\n::set-output" not in printed
    assert "![" not in summary
