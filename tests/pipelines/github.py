# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of GitHub as is asked here: repositories to push to, environments, and an API that tells about them.

Repositories are bare ones in a folder, which git takes for https://github.com/ by its own configuration. Environments
are what `gh` (bin/gh) and the tests have made; one that nobody has made is 404.
"""

from __future__ import annotations

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

HOST = "https://github.com/"
# Who would have to approve, in the shape of the API's answer ("Get an environment", docs.github.com/rest).
REVIEWERS = {
    "id": 1,
    "type": "required_reviewers",
    "prevent_self_review": True,
    "reviewers": [{"type": "User", "reviewer": {"id": 7, "login": "release-manager"}}],
}


class Site:
    """What GitHub keeps, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self) -> dict[str, str]:
        """Variables that have git come here, as whoever it is: nothing is asked, nothing of the user's is read."""
        settings = {
            f"url.{self.folder}/.insteadOf": HOST,
            "user.name": "Ada",
            "user.email": "ada@example.com",
            "init.defaultBranch": "main",
            "commit.gpgSign": "false",
        }
        named = {}
        for number, (key, value) in enumerate(settings.items()):
            named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        fixed = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}
        return fixed | {"GIT_CONFIG_COUNT": str(len(settings))} | named

    def create(self, repository: str) -> Path:
        """An empty repository OWNER/NAME."""
        path = self.folder / repository
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True)
        return path

    def protect(self, repository: str, environment: str, rules: list[Any], branches: Any = None) -> None:
        """Make an environment with these protection rules and this policy of branches, or change it."""
        path = self.environment(repository, environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {"id": 1, "name": environment, "protection_rules": rules, "deployment_branch_policy": branches}
        path.write_text(json.dumps(found))

    def set_variable(self, repository: str, environment: str, name: str, value: str) -> None:
        """Give an environment's variable a value, as `gh variable set --env`."""
        known = self.variables(repository, environment) | {name: value}
        self._variables(repository, environment).write_text(json.dumps(known))

    def variables(self, repository: str, environment: str) -> dict[str, str]:
        """The variables of an environment."""
        kept = self._variables(repository, environment)
        found: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        return found

    def _variables(self, repository: str, environment: str) -> Path:
        return self.environment(repository, environment).with_name(f"{environment}.variables.json")

    def environment(self, repository: str, environment: str) -> Path:
        """The file that an environment is, as the API answers it."""
        return self.folder / ".environments" / repository / f"{environment}.json"


class Api:
    """GitHub's API on loopback, from `with` to the end of its block."""

    def __init__(self, site: Site) -> None:
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site, self.asked))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(site: Site, asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            path = None
            match self.path.strip("/").split("/"):
                case ["repos", owner, name, "environments", environment]:
                    path = site.environment(f"{owner}/{name}", environment)
            found = path is not None and path.is_file()
            body = path.read_bytes() if path is not None and found else b'{"message": "Not Found"}'
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not into the output of the tests."""

    return Handler
