# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS accounts of a local cloud, one an environment, and the env files that a shell sources to use them."""

from __future__ import annotations

import shlex
from pathlib import Path

from localcloud import network, settings
from localcloud.atlas.identities import Identity

#: Environment and account id, as in the inventories. The first one's env file is called `env`.
ENVIRONMENTS = (("local", "111111111111"), ("staging", "222222222222"), ("production", "333333333333"))
#: Name of the file with a profile an account.
PROFILES = "credentials"


def make(prefix: str) -> tuple[settings.Account, ...]:
    """The accounts of a cloud in network `prefix` ("127.N"), with the ports of their first load balancers reserved.

    Each account's first load balancer has 127.N.1.K to itself, and its first distribution 127.N.2.K, so that the ports
    need only be free there.
    """
    accounts = []
    for index, (name, account_id) in enumerate(ENVIRONMENTS, start=1):
        host, site = f"{prefix}.1.{index}", f"{prefix}.2.{index}"
        port = network.free_port(host, 8080)
        accounts.append(
            settings.Account(
                name=name,
                id=account_id,
                # Shaped as AWS's, and plainly nobody's secret.
                access_key=f"AKIASLIPWAYLOCAL{account_id[:4]}",
                secret_key=f"not-a-secret-of-the-local-cloud-{account_id}",
                alb_host=host,
                alb_port=port,
                preview_port=network.free_port(host, port + 1),
                site_host=site,
                site_port=network.free_port(site, 8080),
            )
        )
    return tuple(accounts)


def env_path(state: Path, name: str) -> Path:
    """Where the env file of an environment is."""
    return state / ("env" if name == ENVIRONMENTS[0][0] else f"env.{name}")


def env_text(cloud: settings.Settings, account: settings.Account) -> str:
    """The env file of an account: `export NAME=value` lines for any shell."""
    values = (
        {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": account.access_key,
            "AWS_SECRET_ACCESS_KEY": account.secret_key,
            "AWS_SHARED_CREDENTIALS_FILE": str(cloud.state / PROFILES),
            "AWS_REGION": cloud.region,
            "AWS_DEFAULT_REGION": cloud.region,
            "LOCAL_ALB_URL": account.alb_url,
            "LOCAL_PREVIEW_URL": account.preview_url,
            "LOCAL_SITE_URL": account.site_url,
        }
        | Identity.of(account.id).env(cloud.atlas_url)
        | _way_to_atlas(cloud)
    )
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def _way_to_atlas(cloud: settings.Settings) -> dict[str, str]:
    """For tools that know https://cloud.mongodb.com only: what to set HTTPS_PROXY and SSL_CERT_FILE to."""
    return {"LOCAL_ATLAS_PROXY": cloud.atlas_proxy, "LOCAL_ATLAS_CA": str(cloud.scratch / "atlas-ca.pem")}


def profiles_text(cloud: settings.Settings) -> str:
    """A credentials file with a profile an environment, for what reads several accounts at once."""
    return "".join(
        f"[slipway-{each.name}]\naws_access_key_id = {each.access_key}\naws_secret_access_key = {each.secret_key}\n"
        for each in cloud.accounts
    )


def write_env_files(cloud: settings.Settings) -> None:
    """Write every account's env file, and the profiles of all."""
    settings.write_private(cloud.state / PROFILES, profiles_text(cloud))
    for account in cloud.accounts:
        settings.write_private(env_path(cloud.state, account.name), env_text(cloud, account))
