# SPDX-License-Identifier: GPL-3.0-or-later
"""The projects of the local Atlas and the credentials to use them: one project an AWS account of the local cloud."""

from __future__ import annotations

import dataclasses

from localcloud.atlas.auth import READ_ONLY, Principal


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """One project and what its owner knows. Shaped as Atlas's, and plainly nobody's secrets."""

    project: str
    client_id: str
    client_secret: str
    public_key: str
    private_key: str

    @classmethod
    def of(cls, account: str) -> Identity:
        """The identity that belongs to an AWS account."""
        return cls(
            project=account.ljust(24, "0"),
            client_id=f"mdb_sa_id_{account.ljust(24, '0')}",
            client_secret=f"mdb_sa_sk_not-a-secret-of-the-local-atlas-{account}",
            public_key=f"local{account}",
            private_key=f"not-a-secret-of-the-local-atlas-{account}",
        )

    def principals(self) -> tuple[Principal, ...]:
        """The service account, the API key, and one of each that may only read (id and key end in "-ro")."""
        return (
            Principal("oauth", self.client_id, self.client_secret, self.project),
            Principal("digest", self.public_key, self.private_key, self.project),
            Principal("oauth", f"{self.client_id}-ro", self.client_secret, self.project, READ_ONLY),
            Principal("digest", f"{self.public_key}-ro", self.private_key, self.project, READ_ONLY),
        )

    def env(self, url: str) -> dict[str, str]:
        """The variables for a shell, by the names that Atlas's own tools know, and the URL of this Atlas."""
        return {
            "SLIPWAY_ATLAS_URL": url,
            "MONGODB_ATLAS_PROJECT_ID": self.project,
            "MONGODB_ATLAS_CLIENT_ID": self.client_id,
            "MONGODB_ATLAS_CLIENT_SECRET": self.client_secret,
            "MONGODB_ATLAS_PUBLIC_API_KEY": self.public_key,
            "MONGODB_ATLAS_PRIVATE_API_KEY": self.private_key,
        }
