# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options with which modules log in to MongoDB Atlas."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment slipway.ops.atlas."""

    DOCUMENTATION = r"""
options:
  project_id:
    description: The project ("group") in Atlas, 24 hexadecimal digits. E(MONGODB_ATLAS_PROJECT_ID) is the fallback.
    type: str
    required: true
  auth:
    description: Whether to log in as a service account (OAuth2) or with an API key (HTTP Digest, legacy).
    type: str
    choices: [service_account, api_key]
    default: service_account
  client_id:
    description: The service account's client id. E(MONGODB_ATLAS_CLIENT_ID) is the fallback.
    type: str
  client_secret:
    description: The service account's secret. E(MONGODB_ATLAS_CLIENT_SECRET) is the fallback.
    type: str
  public_key:
    description: The API key's public part. E(MONGODB_ATLAS_PUBLIC_API_KEY) is the fallback.
    type: str
  private_key:
    description: The API key's private part. E(MONGODB_ATLAS_PRIVATE_API_KEY) is the fallback.
    type: str
  base_url:
    description: Where the Administration API is. E(SLIPWAY_ATLAS_URL) is the fallback.
    type: str
    default: https://cloud.mongodb.com
"""
