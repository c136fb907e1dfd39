# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch before an engine, instance metadata and CloudWatch: every state, and what it does in it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from slipway_llm import watch

QUIET = "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n"
NOTICE = b'{"action": "terminate", "time": "2026-11-24T03:04:05Z"}'


def metrics(tokens=0, more=""):
    counters = f"vllm:generation_tokens_total {tokens}\nvllm:prompt_tokens_total 0\n"
    return (200, f"{QUIET}{counters}{more}".encode())


class Host:
    """A watch whose uptime and whose systemd are the test's."""

    def __init__(self, engine, made):
        self.engine, self.now, self.asked = engine, 0.0, []
        self.watch = watch.Watch(made, lambda *arguments: self.asked.append(arguments), lambda: self.now)

    def after(self, seconds, answer):
        """The condition `seconds` later, with the engine answering so."""
        self.now += seconds
        self.engine.answers["GET", "/metrics"] = answer
        return self.watch.turn().condition


@pytest.fixture
def host(aws, engine, metadata, settings):
    return Host(engine, settings(engine_port=engine.port, idle_minutes=10, grace_minutes=20))


STOP = ("start", "slipway-llm-stop.service")


def test_a_host_that_nobody_uses_stops_and_is_asked_once_a_minute(host):
    assert host.after(1300, metrics()) == "busy"
    assert host.after(15, metrics()) == "idle"
    assert host.after(599, metrics()) == "idle"
    assert host.asked == []
    assert host.after(1, metrics()) == "stop"
    assert host.after(15, metrics()) == "stop"
    assert host.asked == [STOP]
    assert host.after(45, metrics()) == "stop"
    assert host.asked == [STOP, STOP]


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (200, b""), (200, QUIET.encode()), (200, b"<html>"), (404, b"")],
    ids=["error", "empty", "without counters", "a page", "not there"],
)
def test_an_engine_that_does_not_tell_keeps_the_host(host, answer):
    host.after(1300, metrics())
    host.after(15, metrics())
    for _look in range(5):
        assert host.after(600, answer) == "blind"
    # What was idle before the blindness does not count.
    assert host.after(15, metrics()) == "busy"
    assert host.after(15, metrics()) == "idle"
    assert host.asked == []


def test_an_engine_that_is_gone_keeps_the_host(host, engine):
    host.after(1300, metrics())
    engine.close()
    assert host.after(9000, metrics()) == "blind"
    assert host.asked == []


def test_work_begins_the_time_anew(host):
    host.after(1300, metrics())
    host.after(15, metrics())
    assert host.after(590, metrics(tokens=7)) == "busy"
    assert host.after(15, metrics(tokens=7)) == "idle"
    assert host.after(590, metrics(tokens=7)) == "idle"
    assert host.after(15, metrics(tokens=7, more="vllm:num_requests_running 1\n")) == "busy"
    assert host.asked == []


def test_a_spot_notice_stops_the_proxy_once(host, metadata):
    assert host.after(15, metrics()) == "busy"
    metadata.answers["GET", "/latest/meta-data/spot/instance-action"] = (200, NOTICE)
    host.after(15, metrics())
    host.after(15, metrics())
    assert host.asked == [("stop", "slipway-llm-proxy.service")]


def test_metadata_that_does_not_answer_changes_nothing(host, metadata):
    metadata.answers.clear()
    assert host.after(15, metrics()) == "busy"
    metadata.close()
    assert host.after(15, metrics()) == "idle"
    assert host.asked == []


def put(aws):
    """Metric to the values that CloudWatch has got, in their order."""
    statistics = aws.client("cloudwatch").list_metrics(Namespace="Slipway/LLM")["Metrics"]
    assert all(each["Dimensions"] == [{"Name": "Name", "Value": "slipway-test-llm"}] for each in statistics)
    return {each["MetricName"] for each in statistics}


def test_cloudwatch_is_told_once_a_minute(host, aws, monkeypatch):
    sent = []
    real = host.watch._aws.put_metrics
    monkeypatch.setattr(host.watch._aws, "put_metrics", lambda *given: (sent.append(given[2]), real(*given)))
    run = Path(host.watch._settings.run)
    run.mkdir()
    (run / "refill.json").write_text(json.dumps({"seconds": 41.5}))
    monkeypatch.setattr(watch, "gpu_memory", lambda: 20_000.0)
    host.after(100, metrics(tokens=50))
    host.after(30, metrics(tokens=60))
    host.after(30, metrics(tokens=80, more="vllm:num_requests_running 2\nvllm:num_requests_waiting 3\n"))
    host.after(60, metrics(tokens=5))
    assert [values["TokensGenerated"][0] for values in sent] == [0, 30, 5]
    assert sent[1]["RequestsRunning"] == (2.0, "Count")
    assert sent[1]["RequestsWaiting"] == (3.0, "Count")
    assert sent[0]["Ready"] == (1.0, "None")
    assert sent[0]["RefillSeconds"] == (41.5, "Seconds")
    assert put(aws) == set(sent[0])


def test_an_engine_that_is_not_ready_is_told_too(host, engine, aws):
    engine.answers.clear()
    host.after(100, (404, b""))
    assert put(aws) >= {"Ready", "UptimeSeconds"}


def test_a_cloudwatch_that_refuses_changes_nothing(host, aws, capsys):
    aws.fault({"kind": "error", "service": "cloudwatch", "count": None})
    assert host.after(100, metrics()) == "busy"
    assert host.after(100, metrics()) == "idle"
    assert "metrics were not taken: monitoring answers 50" in capsys.readouterr().err


def test_systemd_is_told_that_it_lives(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        watch.notify("WATCHDOG=1")
        assert listener.recv(100) == b"WATCHDOG=1"


def test_the_memory_of_the_fullest_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert watch.gpu_memory() is None
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 100; echo 21500\n")
    program.chmod(0o755)
    assert watch.gpu_memory() == 21500.0
