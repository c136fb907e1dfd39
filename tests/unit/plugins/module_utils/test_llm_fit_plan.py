# SPDX-License-Identifier: GPL-3.0-or-later
"""The fit planner: figures worked out by hand elsewhere, each constraint, and what must hold for any input."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import llm_catalog as catalog
from ansible_collections.slipway.ops.plugins.module_utils import llm_fit_plan as plan
from hypothesis import given
from hypothesis import strategies as st

LLAMA = "llama-3.3-70b"
QWEN = "qwen2.5-72b"
CONFIG = {
    "model_type": "qwen2",
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "intermediate_size": 29696,
    "vocab_size": 152064,
    "max_position_embeddings": 32768,
    "head_dim": None,
    "quantization_config": {"quant_method": "awq", "group_size": 128, "bits": 4},
}
"""As Qwen publishes the 4-bit release, whose MLP is padded so that it splits."""


def fit(model, quantization="awq", instance_type="g5.12xlarge", **options):
    return plan.fit(model, {"quantization": quantization, "instance_type": instance_type, **options})


@pytest.mark.parametrize(
    ("name", "billions", "linears"),
    [
        ("llama-3.1-8b", 8.03, 6.98),
        ("llama-3.1-70b", 70.55, 68.45),
        ("llama-3.3-70b", 70.55, 68.45),
        ("qwen2.5-72b", 72.71, 70.21),
        ("mixtral-8x7b", 46.70, 46.44),
        ("deepseek-r1-distill-llama-70b", 70.55, 68.45),
    ],
)
def test_a_model_of_the_catalog_has_the_parameters_that_its_authors_state(name, billions, linears):
    model = catalog.MODELS[name]
    assert (round(model.parameters / 1e9, 2), round(model.linears / 1e9, 2)) == (billions, linears)


@pytest.mark.parametrize(("quantization", "gigabytes"), [("bf16", 141.1), ("fp8", 72.7), ("int8", 72.7), ("awq", 39.8)])
def test_weights_of_a_70b(quantization, gigabytes):
    assert round(plan.weight_bytes(catalog.MODELS[LLAMA], quantization) / 1e9, 1) == gigabytes


@pytest.mark.parametrize(
    ("quantization", "instance", "verdict", "constraint", "kv_gib", "thousand_tokens"),
    [
        ("bf16", "g5.12xlarge", "refused", "weights", -14.5, 0),
        ("fp8", "g5.12xlarge", "refused", "kv_cache", 1.4, 18),
        ("awq", "g5.12xlarge", "fits", "", 9.1, 119),
        ("gptq", "g5.12xlarge", "fits", "", 9.1, 119),
        ("awq", "g5.24xlarge", "fits", "", 9.1, 119),
        ("bf16", "g5.48xlarge", "tight", "", 1.9, 50),
        ("fp8", "g5.48xlarge", "fits", "", 9.9, 258),
        ("awq", "g5.48xlarge", "fits", "", 13.7, 359),
    ],
)
def test_llama_70b_on_g5(quantization, instance, verdict, constraint, kv_gib, thousand_tokens):
    found = fit(LLAMA, quantization, instance)
    assert (found.verdict, found.constraint) == (verdict, constraint)
    assert found.tensor_parallel == found.gpus
    assert (round(found.kv_gib, 1), round(found.kv_tokens / 1000)) == (kv_gib, thousand_tokens)
    assert bool(found.reason) == (verdict != "fits")


@pytest.mark.parametrize("quantization", ["awq", "gptq", "fp8"])
def test_qwen_72b_does_not_split_in_steps_of_the_kernels(quantization):
    found = fit(QWEN, quantization, "g5.48xlarge")
    assert (found.verdict, found.constraint) == ("refused", "intermediate_size")
    assert "29568 does not split into 8 parts of whole steps of 128" in found.reason
    assert set(found.refusals) == {1, 2, 4, 8}
    assert "29568" in found.refusals[2]
    assert "weights" in found.refusals[1]
    assert found.cheapest == {}


def test_what_takes_qwen_72b_instead():
    assert fit(QWEN, "int8", "g5.48xlarge").verdict == "fits"
    padded = plan.fit(CONFIG, {})
    assert (padded.verdict, padded.model) == ("fits", "qwen2")


@pytest.mark.parametrize(
    ("model", "options", "cheapest"),
    [
        (LLAMA, {}, ("g5.12xlarge", 4, "fits")),
        (LLAMA, {"quantization": "fp8"}, ("g5.48xlarge", 8, "fits")),
        (LLAMA, {"quantization": "bf16"}, ("g5.48xlarge", 8, "tight")),
        ("llama-3.1-8b", {}, ("g5.xlarge", 1, "fits")),
        ("mixtral-8x7b", {"quantization": "fp8", "instance_type": "g5.48xlarge"}, ("g5.12xlarge", 4, "fits")),
    ],
)
def test_the_cheapest_that_takes_it(model, options, cheapest):
    found = plan.fit(model, options).cheapest
    assert (found["instance_type"], found["tensor_parallel"], found["verdict"]) == cheapest
    assert found["usd_per_hour"] == catalog.HOSTS[cheapest[0]].usd_per_hour


@pytest.mark.parametrize(
    ("options", "constraint", "says"),
    [
        ({"tensor_parallel": 3}, "heads", "64 attention heads do not split over 3 GPUs"),
        ({"context": 131073, "concurrency": 1}, "context", "131073 tokens are more than the 131072"),
        ({"tensor_parallel": 1}, "weights", "split over 1, are 18.7 GiB more than a GPU has"),
        ({"concurrency": 15}, "kv_cache", "the cache holds 118715 tokens; 15 of 8192 take 122880"),
    ],
)
def test_each_constraint(options, constraint, says):
    found = plan.fit(LLAMA, options)
    assert (found.verdict, found.constraint, found.max_context, found.max_concurrency) == ("refused", constraint, 0, 0)
    assert says in found.reason


def test_kv_heads_split_or_are_copied():
    few = replace(catalog.MODELS["llama-3.1-8b"], heads=12, kv_heads=3)
    host = catalog.HOSTS["g5.48xlarge"]
    constraint = plan.attempt(few, plan.Wanted(), host, 2).constraint
    assert constraint == "kv_heads"
    one = replace(few, heads=8, kv_heads=2)
    copied, split = (plan.attempt(one, plan.Wanted(overhead_gib=0), host, size) for size in (4, 2))
    assert copied.constraint == ""
    # Two copies of each head: a token takes as much of a GPU as it does on two.
    assert copied.kv_tokens / copied.kv_gib == pytest.approx(split.kv_tokens / split.kv_gib, rel=1e-4)


def test_an_mlp_that_does_not_split_at_all():
    odd = replace(catalog.MODELS["llama-3.1-8b"], intermediate=14338)
    found = plan.attempt(odd, plan.Wanted(quantization="bf16"), catalog.HOSTS["g5.12xlarge"], 4)
    assert found.reason == "intermediate_size 14338 does not split into 4 parts"


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        ("gpt-5", {}, "model: 'gpt-5' is not in the catalog"),
        ({"model_type": "deepseek_v3"}, {}, "model_type 'deepseek_v3'"),
        (
            {**CONFIG, "num_hidden_layers": 0},
            {},
            "num_hidden_layers of the config.json must be a positive",
        ),
        ({**CONFIG, "vocab_size": "many"}, {}, "vocab_size of the config.json"),
        ({**CONFIG, "hidden_size": True}, {}, "hidden_size of the config.json"),
        (CONFIG, {"quantization": "bf16"}, "quantization: the checkpoint's config.json says awq, not bf16"),
        (LLAMA, {"quantization": "nf4"}, "quantization: must be one of bf16, fp8, int8, awq, gptq"),
        (LLAMA, {"instance_type": "p5.48xlarge"}, "instance_type: must be one of g5.xlarge"),
        (LLAMA, {"tensor_parallel": 8}, "tensor_parallel: g5.12xlarge has 4 GPUs, got 8"),
        (LLAMA, {"tensor_parallel": -1}, "tensor_parallel: g5.12xlarge has 4 GPUs, got -1"),
        (LLAMA, {"context": 0}, "context and concurrency: must be 1 or more"),
        (LLAMA, {"context": 8192.5}, "context: must be a whole number, got 8192.5"),
        (LLAMA, {"context": True}, "context: must be a number, got True"),
        (LLAMA, {"quantization": True}, "quantization: must be a text, got True"),
        (LLAMA, {"utilization": "all"}, "utilization: must be a number, got 'all'"),
        (LLAMA, {"utilization": "nan"}, "utilization: must be from 0.1 to 0.98"),
        (LLAMA, {"overhead_gib": 17}, "overhead_gib: must be from 0 to 16"),
        (LLAMA, {"gpus": 4}, "unknown: gpus; there are quantization, instance_type"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(model, options, says):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as refused:
        plan.fit(model, options)
    assert says in str(refused.value)


def test_a_config_json_is_read_like_the_catalog():
    config = {
        "model_type": "mixtral",
        "num_hidden_layers": 32,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 14336,
        "vocab_size": 32000,
        "max_position_embeddings": 32768,
        "num_local_experts": 8,
        "_name_or_path": "mixtral-8x7b",
    }
    assert catalog.model_of(config) == catalog.MODELS["mixtral-8x7b"]
    assert catalog.model_of({**config, "quantization_config": {"group_size": -1}}).group_size == 128


def test_tied_embeddings_are_counted_once():
    model = catalog.MODELS["llama-3.1-8b"]
    tied = replace(model, tied_embeddings=True)
    assert model.parameters - tied.parameters == model.vocab * model.hidden


def test_numbers_may_come_as_text():
    assert plan.fit(LLAMA, {"context": "4096", "utilization": "0.9"}) == plan.fit(
        LLAMA, {"context": 4096, "utilization": 0.9}
    )


def test_the_table_shows_each_answer_and_why_not():
    fits = [asdict(one) for one in (fit(LLAMA), fit(LLAMA, "fp8"), fit(QWEN))]
    rows, notes = plan.table(fits)[:5], plan.table(fits)[6:]
    cells = [cell.strip() for cell in rows[2].strip("|").split("|")]
    assert cells == [LLAMA, "awq", "g5.12xlarge", "fits", "4 of 4", "9.3", "9.1", "118,715", "118,715", "14"]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert [note.partition(":")[0] for note in notes] == [
        "- llama-3.3-70b fp8 on g5.12xlarge",
        "- qwen2.5-72b awq on g5.12xlarge",
    ]
    assert "cheapest that takes it: g5.48xlarge ($16.29 an hour, fits)" in notes[0]
    assert notes[1].endswith("no g5 takes it")


WANTED = st.builds(
    plan.Wanted,
    quantization=st.sampled_from(sorted(plan.QUANTIZATIONS)),
    context=st.integers(256, 140000),
    concurrency=st.integers(1, 64),
    utilization=st.floats(0.5, 0.98),
    overhead_gib=st.floats(0, 4),
)
MODEL = st.sampled_from(sorted(catalog.MODELS.values(), key=lambda model: model.name))
RANK = (plan.REFUSED, plan.TIGHT, plan.FITS).index


def rank(model, wanted):
    return RANK(plan.judge(model, wanted).verdict)


@given(MODEL, WANTED)
def test_more_gpus_never_fit_less(model, wanted):
    sizes = ("g5.xlarge", "g5.12xlarge", "g5.48xlarge")
    few, more, most = (plan.judge(model, replace(wanted, instance_type=size)) for size in sizes)
    assert RANK(few.verdict) <= RANK(more.verdict) <= RANK(most.verdict)
    if few.verdict != plan.REFUSED:
        assert few.kv_tokens <= more.kv_tokens <= most.kv_tokens


@given(MODEL, WANTED, st.floats(0, 0.2), st.floats(0, 2), st.integers(0, 5000), st.integers(0, 8))
def test_asking_for_less_never_fits_less(model, wanted, utilization, overhead, context, concurrency):
    harder = plan.Wanted(
        quantization=wanted.quantization,
        context=wanted.context + context,
        concurrency=wanted.concurrency + concurrency,
        utilization=wanted.utilization - utilization,
        overhead_gib=wanted.overhead_gib + overhead,
    )
    assert rank(model, harder) <= rank(model, wanted)


@given(MODEL, WANTED)
def test_smaller_weights_never_fit_less_where_they_split(model, wanted):
    assert rank(model, replace(wanted, quantization="bf16")) <= rank(model, replace(wanted, quantization="int8"))
    if model.intermediate % (128 * 8) == 0:
        assert rank(model, replace(wanted, quantization="int8")) <= rank(model, replace(wanted, quantization="gptq"))


@given(MODEL, WANTED)
def test_what_is_promised_is_there(model, wanted):
    found = plan.judge(model, replace(wanted, instance_type="g5.48xlarge"))
    if found.verdict == plan.REFUSED:
        assert found.constraint
        assert found.reason
        assert found.tensor_parallel in found.refusals
        return
    host_bytes = found.gpus * catalog.HOSTS["g5.48xlarge"].gpu_mib * plan.MIB
    assert found.tensor_parallel * (found.weights_gib + found.kv_gib + wanted.overhead_gib) * plan.GIB < host_bytes
    assert found.max_concurrency >= wanted.concurrency
    assert wanted.context <= found.max_context <= model.max_context
    best = plan.cheapest(model, wanted)
    assert best["usd_per_hour"] <= found.usd_per_hour
