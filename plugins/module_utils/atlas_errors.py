# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Atlas's error codes mean for whoever runs the playbook, with what to do; docs/atlas.md shows them all."""

from __future__ import annotations

#: errorCode of https://www.mongodb.com/docs/atlas/reference/api-errors/ -> what to do about it.
ADVICE = {
    "ATLAS_INVALID_CIDR_BLOCK": "Give atlas_cidr a block between /21 and /24.",
    "ATLAS_INVALID_CIDR_BLOCK_RANGE": "Give atlas_cidr a block within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.",
    "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND": "The entry was removed while this ran; run again.",
    "ATLAS_NON_CANONICAL_CIDR_BLOCK": "Give atlas_cidr in canonical form: no bits set behind the prefix.",
    "CANNOT_CHANGE_CONTAINER_REGION": "A container stays in its region; give atlas_region the container's.",
    "CANNOT_DELETE_RECENTLY_CREATED_CONTAINER": "Atlas keeps a young or just emptied container a while; run again.",
    "CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION": "Security groups need a peering that is AVAILABLE.",
    "CONTAINERS_IN_USE": "Delete the clusters and peerings of this region first, or keep the container.",
    "CONTAINER_ALREADY_EXISTS": "Somebody made the region's container while this ran; run again to adopt it.",
    "CONTAINER_NOT_FOUND": "The container was removed while this ran; run again.",
    "GROUP_NOT_FOUND": "Check project_id: 24 hexadecimal digits, from the project's settings in Atlas.",
    "INVALID_VERSION_DATE": "Atlas does not know the API version that this release asks for; update Slipway.",
    "IP_ADDRESS_NOT_ON_ACCESS_LIST": "Add this machine's address to the API access list of the credentials.",
    "OVERLAPPING_ATLAS_CIDR_BLOCK": "Another container or peering uses addresses of atlas_cidr; choose another block.",
    "OVERLAPPING_CIDR_BLOCK": "The VPC's block overlaps the container's or another peered VPC's; one must change.",
    "PEER_ALREADY_EXISTS": "Somebody requested the same peering while this ran; run again to adopt it.",
    "PEER_ALREADY_REQUESTED_DELETION": "The peering is being deleted already; run again when it is gone.",
    "PEER_INVALID_STATE": "The peering is between two states; run again.",
    "PEER_MAXIMUM_REACHED": "A project has at most 50 peerings, 25 of them pending; delete some.",
    "PEER_NOT_FOUND": "The peering was removed while this ran; run again.",
    "RATE_LIMITED": "Atlas still limits the rate of requests after several tries; run again later.",
    "RATE_LIMITED_TOKEN_BUCKET": "Atlas still limits the rate of requests after several tries; run again later.",
}

#: HTTP status -> what to do where the code says nothing.
ADVICE_BY_STATUS = {
    401: "Check the client id and secret, or the public and private key.",
    403: "The credentials lack a role: Project Owner for containers, Project Network Access Manager for peers and the "
    "access list; or this machine is not on their API access list.",
    404: "Check project_id and the base URL.",
    406: "Atlas does not know the API version that this release asks for; update Slipway.",
    410: "Atlas removed the API version that this release of Slipway asks for; update Slipway.",
    429: "Atlas still limits the rate of requests after several tries; run again later.",
}


class AtlasError(Exception):
    """Atlas refused or could not be asked; str() is one line for the operator. status 0: there was no answer."""

    def __init__(self, doing: str, status: int, code: str, detail: str) -> None:
        self.doing = doing
        self.status = status
        self.code = code
        self.detail = " ".join(detail.split())
        super().__init__(self._line())

    def _line(self) -> str:
        if not self.status:
            return f"could not {self.doing} at Atlas: {self.detail}"
        advice = ADVICE.get(self.code) or ADVICE_BY_STATUS.get(self.status, "")
        if not advice and self.status >= 500:
            advice = "Atlas has trouble of its own, see https://status.mongodb.com; run again later."
        named = f"{self.code}, HTTP {self.status}" if self.code else f"HTTP {self.status}"
        detail = f": {self.detail.rstrip('.')}." if self.detail else "."
        return f"Atlas refused to {self.doing} ({named}){detail} {advice}".rstrip()


class UnknownOutcomeError(AtlasError):
    """A request that must not be repeated blindly got no answer, or one of 502, 503 or 504: it may have been done."""
