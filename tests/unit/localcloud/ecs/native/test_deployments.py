# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments by stages with real tasks: where tasks and traffic go, and how it ends."""

from __future__ import annotations


def test_blue_green_from_the_first_deployment_on(cloud, staged):
    first = staged.end(staged.create(count=2))
    assert (first["status"], first["lifecycleStage"]) == ("SUCCESSFUL", "CLEAN_UP")
    assert first["sourceServiceRevisions"] == []
    # It lands in the alternate group.
    assert (staged.targets(), staged.weights(), staged.weights(staged.test)) == ((0, 2), (0, 100), (0, 100))
    second = staged.end(staged.deploy())
    assert second["status"] == "SUCCESSFUL"
    assert (staged.targets(), staged.weights(), staged.weights(staged.test)) == ((2, 0), (100, 0), (100, 0))
    target, source = second["targetServiceRevision"], second["sourceServiceRevisions"][0]
    assert target | {"arn": ""} == {
        "arn": "",
        "requestedTaskCount": 2,
        "runningTaskCount": 2,
        "pendingTaskCount": 0,
        "requestedProductionTrafficWeight": 100.0,
        "requestedTestTrafficWeight": 100.0,
    }
    assert source["arn"] == first["targetServiceRevision"]["arn"]
    assert (source["runningTaskCount"], source["requestedProductionTrafficWeight"]) == (0, 0.0)
    old, new = cloud.ecs.describe_service_revisions(serviceRevisionArns=[source["arn"], target["arn"]])[
        "serviceRevisions"
    ]
    assert old["containerImages"][0]["imageDigest"] == cloud.digests["serve:1"]
    assert new["containerImages"][0]["imageDigest"] == cloud.digests["serve:2"]
    assert new["resolvedConfiguration"]["loadBalancers"] == [
        {"targetGroupArn": staged.primary, "productionListenerRule": staged.production}
    ]
    cloud.steady(staged.name)
