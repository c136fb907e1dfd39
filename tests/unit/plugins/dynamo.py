# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud's API alone, over real HTTP, for what several processes or clients do to one DynamoDB table."""

from __future__ import annotations

import email.utils

import boto3
from botocore.config import Config
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.moto_api._internal import moto_api_backend

from localcloud import network
from localcloud.control import access, calls, dispatcher
from localcloud.control.faults import parse
from localcloud.control.server import Server
from localcloud.mends import dynamodb
from localcloud.settings import Account

REGION = "us-east-1"
ACCOUNT = Account("local", "111111111111", "AKIASLIPWAYLOCAL1111", "secret", "127.0.0.1", 8080, 8081)
OTHER = Account("other", "333333333333", "AKIASLIPWAYLOCAL3333", "secret", "127.0.0.1", 8082, 8083)
MENDED = (
    (DynamoHandler, "update_table"),
    (DynamoHandler, "dynamodb_backend"),
    (Table, "describe"),
    (DynamoDBBackend, "delete_table"),
)


def create_table(dynamodb, name):
    """A release store, as the role makes it."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "service", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("service", "item")],
        BillingMode="PAY_PER_REQUEST",
    )


class Dynamo:
    """An account with a release store. url: the endpoint of every AWS API."""

    table = "slipway-test-releases"

    def __init__(self, state, table=table):
        self.table = table
        prefix, self._claim = network.claim_network(str(state))
        host = f"{prefix}.0.1"
        port = network.free_port(host, 4566)
        self.url = f"http://{host}:{port}"
        keys = access.Keys((ACCOUNT, OTHER))
        self._calls = calls.Calls(keys)
        self._server = Server(host, port, access.Access(dispatcher.Dispatcher(), keys), {}, self._calls)
        self._unmended = [(owner, name, getattr(owner, name)) for owner, name in MENDED]
        dynamodb.install()
        self._server.start()
        self.client = client("dynamodb", self.url)
        self.create()

    def create(self):
        create_table(self.client, self.table)

    def delete(self):
        self.client.update_table(TableName=self.table, DeletionProtectionEnabled=False)
        self.client.delete_table(TableName=self.table)

    def lose_answer(self, operation):
        """The next such call is done, and its connection closes without an answer."""
        rules = [{"service": "dynamodb", "operation": operation, "kind": "lost"}]
        self._calls._faults.rules = parse({"rules": rules})

    def lost(self):
        """Whether that has happened."""
        return [rule.struck for rule in self._calls._faults.rules] == [1]

    def item(self, service, item="lock"):
        key = {"service": {"S": service}, "item": {"S": item}}
        return self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")

    def variables(self, account=ACCOUNT):
        """The environment of a process that shall use this account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": account.access_key,
            "AWS_SECRET_ACCESS_KEY": account.secret_key,
            "AWS_REGION": REGION,
        }

    def close(self):
        self._server.stop()
        self._claim.close()
        for owner, name, original in self._unmended:
            setattr(owner, name, original)
        moto_api_backend.reset()


def client(service, url, account=ACCOUNT, **options):
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
        config=Config(**options),
    )


class Skewed:
    """A client whose answers come from a DynamoDB of another time of day."""

    def __init__(self, real, seconds=0.0):
        self._real, self.seconds = real, seconds

    def get_item(self, **request):
        return self._dated(self._real.get_item(**request))

    def update_item(self, **request):
        return self._dated(self._real.update_item(**request))

    def _dated(self, answer):
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        moment = email.utils.parsedate_to_datetime(headers["date"]).timestamp() + self.seconds
        headers["date"] = email.utils.formatdate(moment, usegmt=True)
        return answer
