# SPDX-License-Identifier: GPL-3.0-or-later
"""Service Quotas: quotas of EC2 and Fargate, and AWS's defaults, which moto lacks.

Values are those of an account that has been in use for a while; a new one has fewer, and no G instances at all. See
https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html and the quotas of Amazon ECS and Amazon EC2 in
https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html.
"""

from __future__ import annotations

import json
from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from localcloud.mends.patch import wrap

# (service, code) -> name and value.
QUOTAS: dict[tuple[str, str], tuple[str, float]] = {
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5.0),
    ("ec2", "L-DB2E81BA"): ("Running On-Demand G and VT instances", 192.0),
    ("ec2", "L-3819A6DF"): ("All G and VT Spot Instance Requests", 192.0),
    ("fargate", "L-3032A538"): ("Fargate On-Demand vCPU resource count", 1000.0),
}


def install() -> None:
    """Put the mend in place."""
    wrap(ServiceQuotasBackend, "get_service_quota", _quota)
    ServiceQuotasResponse.get_aws_default_service_quota = _default


def _quota(original: Any, self: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    known = QUOTAS.get((service_code, quota_code))
    if known is None:
        answer: dict[str, Any] = original(self, service_code, quota_code)
        return answer
    name, value = known
    return {
        "ServiceCode": service_code,
        "QuotaCode": quota_code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _default(self: Any) -> str:
    """GetAWSDefaultServiceQuota: the same table, as nobody has had a quota raised here."""
    service, code = self._get_param("ServiceCode"), self._get_param("QuotaCode")
    if not service or not code:
        raise NoSuchResource
    return json.dumps({"Quota": self.backend.get_service_quota(service, code)})
