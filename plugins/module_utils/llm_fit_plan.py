# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a model fits a GPU instance, before it costs anything. Pure: no I/O, no AWS.

A GPU holds its share of the weights, what the engine takes for itself (overhead: CUDA context, NCCL, activations, CUDA
graphs) and, with what is left of the part that the engine may use, the KV cache. One token of the cache takes key and
value of every layer and KV head at 16 bits: an FP8 cache does not run on an A10G, so there is no input for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .llm_catalog import HOSTS, Host, Model, model_of

GIB = 2**30
MIB = 2**20
#: Bytes of a key or value in the cache.
KV_BYTES = 2
#: Bytes of a weight that is not quantized.
FULL = 2.0
#: A fit that leaves less than this for the cache of a GPU depends on an overhead that nobody has measured there.
TIGHT_GIB = 2.0
#: Marlin, the kernel for 4-bit and FP8 weights on an A10G, takes steps of so many inputs (min_thread_k of vLLM).
MARLIN_STEP = 128

FITS, TIGHT, REFUSED = "fits", "tight", "refused"


@dataclass(frozen=True)
class Quantization:
    """How weights are stored."""

    bytes: float
    """Of a weight, without scales."""
    scale_bytes: float
    """Scale and zero of one group; 0 where there is one a row, or none."""
    marlin: bool
    """Whether its kernel on an A10G works in steps of MARLIN_STEP."""


QUANTIZATIONS: Mapping[str, Quantization] = {
    "bf16": Quantization(2.0, 0.0, marlin=False),
    "fp8": Quantization(1.0, 0.0, marlin=True),
    "int8": Quantization(1.0, 0.0, marlin=False),
    "awq": Quantization(0.5, 2.5, marlin=True),
    "gptq": Quantization(0.5, 2.5, marlin=True),
}
"""fp8 is weight-only on an A10G, whose cores compute none: memory is saved, and no time. int8 is W8A8."""


@dataclass(frozen=True)
class Wanted:
    """What shall run where."""

    quantization: str = "awq"
    instance_type: str = "g5.12xlarge"
    tensor_parallel: int = 0
    """GPUs that share the model; 0 for as many as give the largest cache."""
    context: int = 8192
    """Tokens of one request, prompt and answer."""
    concurrency: int = 4
    """Requests of that length at the same time."""
    utilization: float = 0.9
    """Share of a GPU's memory that the engine may use."""
    overhead_gib: float = 1.8
    """Of a GPU, for all that is neither weights nor cache. Assumed, not measured."""


@dataclass(frozen=True)
class Attempt:
    """The model on one number of GPUs. Sizes in GiB of one GPU."""

    tensor_parallel: int
    weights_gib: float
    kv_gib: float
    """What is left for the cache; below 0 is what is missing."""
    kv_tokens: int
    constraint: str
    """What refuses it: heads, kv_heads, intermediate_size, weights, context or kv_cache. Empty if nothing does."""
    reason: str


@dataclass(frozen=True)
class Fit:
    """The answer."""

    model: str
    quantization: str
    instance_type: str
    gpus: int
    tensor_parallel: int
    weights_gib: float
    kv_gib: float
    kv_tokens: int
    context: int
    concurrency: int
    max_context: int
    """Of a single request."""
    max_concurrency: int
    """Requests of the wanted context at the same time."""
    verdict: str
    constraint: str
    reason: str
    usd_per_hour: float
    utilization: float
    refusals: Mapping[int, str] = field(default_factory=dict)
    """Tensor parallel size to why it is refused."""
    cheapest: Mapping[str, Any] = field(default_factory=dict)
    """The cheapest instance that takes it: instance_type, tensor_parallel, usd_per_hour, verdict. Empty for none."""


def fit(model: Any, options: Mapping[str, Any]) -> Fit:
    """The answer for a model (name or config.json) and what is wanted (keys of Wanted).

    Raises:
        ValueError: what was given makes no sense, in one line.
    """
    shape, wanted = model_of(model), wanted_of(options)
    if shape.quantization in QUANTIZATIONS and shape.quantization != wanted.quantization:
        raise ValueError(
            f"quantization: the checkpoint's config.json says {shape.quantization}, not {wanted.quantization}"
        )
    return replace(judge(shape, wanted), cheapest=cheapest(shape, wanted))


def wanted_of(options: Mapping[str, Any]) -> Wanted:
    """Typed and checked; Ansible may give a number as its text."""
    defaults = asdict(Wanted())
    if unknown := sorted(set(options) - set(defaults)):
        raise ValueError(f"unknown: {', '.join(unknown)}; there are {', '.join(defaults)}")
    typed = {key: _typed(key, value, type(defaults[key])) for key, value in options.items()}
    wanted = Wanted(**typed)
    if problem := next(_problems(wanted), None):
        raise ValueError(problem)
    return wanted


def _typed(key: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{key}: must be a {'text' if kind is str else 'number'}, got {value!r}")
    try:
        # By way of the text, so that no whole number comes from 8192.5.
        return kind(str(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key}: must be a {'whole ' if kind is int else ''}number, got {value!r}") from error


def _problems(wanted: Wanted) -> Iterator[str]:
    if wanted.quantization not in QUANTIZATIONS:
        yield f"quantization: must be one of {', '.join(QUANTIZATIONS)}, got {wanted.quantization!r}"
    if wanted.instance_type not in HOSTS:
        yield f"instance_type: must be one of {', '.join(HOSTS)}, got {wanted.instance_type!r}"
    elif not 0 <= wanted.tensor_parallel <= HOSTS[wanted.instance_type].gpus:
        most = HOSTS[wanted.instance_type].gpus
        yield f"tensor_parallel: {wanted.instance_type} has {most} GPUs, got {wanted.tensor_parallel}"
    if wanted.context < 1 or wanted.concurrency < 1:
        yield f"context and concurrency: must be 1 or more, got {wanted.context} and {wanted.concurrency}"
    if not 0.1 <= wanted.utilization <= 0.98:
        yield f"utilization: must be from 0.1 to 0.98, got {wanted.utilization}"
    if not 0 <= wanted.overhead_gib <= 16:
        yield f"overhead_gib: must be from 0 to 16, got {wanted.overhead_gib}"


def judge(model: Model, wanted: Wanted) -> Fit:
    """The best of all ways to split the model over the instance's GPUs, or why there is none."""
    host = HOSTS[wanted.instance_type]
    sizes = [wanted.tensor_parallel] if wanted.tensor_parallel else _splits(host.gpus)
    attempts = [attempt(model, wanted, host, size) for size in sizes]
    usable = [one for one in attempts if not one.constraint]
    # Of a refusal the reader wants to know what stops the most GPUs: with fewer it is always the weights, too.
    best = max(usable, key=lambda one: (one.kv_tokens, -one.tensor_parallel)) if usable else attempts[-1]
    verdict, reason = _verdict(best)
    return Fit(
        model=model.name,
        quantization=wanted.quantization,
        instance_type=host.name,
        gpus=host.gpus,
        tensor_parallel=best.tensor_parallel,
        weights_gib=round(best.weights_gib, 2),
        kv_gib=round(best.kv_gib, 2),
        kv_tokens=best.kv_tokens,
        context=wanted.context,
        concurrency=wanted.concurrency,
        max_context=0 if best.constraint else min(model.max_context, best.kv_tokens),
        max_concurrency=0 if best.constraint else best.kv_tokens // wanted.context,
        verdict=verdict,
        constraint=best.constraint,
        reason=reason,
        usd_per_hour=host.usd_per_hour,
        utilization=wanted.utilization,
        refusals={one.tensor_parallel: one.reason for one in attempts if one.constraint},
    )


def _splits(gpus: int) -> list[int]:
    """1, 2, 4 ... GPUs."""
    return [2**power for power in range(gpus.bit_length())]


def _verdict(best: Attempt) -> tuple[str, str]:
    if best.constraint:
        return REFUSED, best.reason
    if best.kv_gib < TIGHT_GIB:
        return TIGHT, f"only {best.kv_gib:.1f} GiB of a GPU are left for the cache: measure the overhead first"
    return FITS, ""


def cheapest(model: Model, wanted: Wanted) -> dict[str, Any]:
    """The cheapest instance that is not refused."""
    for host in sorted(HOSTS.values(), key=lambda one: one.usd_per_hour):
        found = judge(model, replace(wanted, instance_type=host.name, tensor_parallel=0))
        if found.verdict != REFUSED:
            return {
                "instance_type": host.name,
                "tensor_parallel": found.tensor_parallel,
                "usd_per_hour": host.usd_per_hour,
                "verdict": found.verdict,
            }
    return {}


def attempt(model: Model, wanted: Wanted, host: Host, size: int) -> Attempt:
    """The arithmetic for one number of GPUs."""
    weights = weight_bytes(model, wanted.quantization) / size
    left = wanted.utilization * host.gpu_mib * MIB - weights - wanted.overhead_gib * GIB
    # More GPUs than KV heads keep copies of them.
    token = 2 * model.layers * max(1, model.kv_heads // size) * model.head_dim * KV_BYTES
    tokens = max(0, int(left // token))
    constraint, reason = next(_constraints(model, wanted, size, left, tokens), ("", ""))
    return Attempt(size, weights / GIB, left / GIB, tokens, constraint, reason)


def weight_bytes(model: Model, quantization: str) -> float:
    """All weights."""
    stored = QUANTIZATIONS[quantization]
    return model.linears * (stored.bytes + stored.scale_bytes / model.group_size) + model.others * FULL


def _constraints(model: Model, wanted: Wanted, size: int, left: float, tokens: int) -> Iterator[tuple[str, str]]:
    """What refuses it, the most binding first."""
    yield from _indivisible(model, wanted.quantization, size)
    if wanted.context > model.max_context:
        yield "context", f"{wanted.context} tokens are more than the {model.max_context} that {model.name} was made for"
    if left <= 0:
        short = -left / GIB
        yield "weights", f"weights and overhead, split over {size}, are {short:.1f} GiB more than a GPU has"
    needed = wanted.context * wanted.concurrency
    if tokens < needed:
        yield "kv_cache", f"the cache holds {tokens} tokens; {wanted.concurrency} of {wanted.context} take {needed}"


def _indivisible(model: Model, quantization: str, size: int) -> Iterator[tuple[str, str]]:
    """What cannot be cut into SIZE equal parts."""
    if model.heads % size:
        yield "heads", f"{model.heads} attention heads do not split over {size} GPUs"
    if model.kv_heads % size and size % model.kv_heads:
        yield "kv_heads", f"{model.kv_heads} KV heads do not split over {size} GPUs"
    stored = QUANTIZATIONS[quantization]
    step = max(MARLIN_STEP, model.group_size if stored.scale_bytes else 1) if stored.marlin else 1
    if model.intermediate % (step * size):
        parts = f"{size} parts" + (f" of whole steps of {step}, which {quantization} takes" if step > 1 else "")
        yield "intermediate_size", f"intermediate_size {model.intermediate} does not split into {parts}"


COLUMNS = ("model", "quantization", "instance", "verdict", "GPUs", "weights", "cache", "tokens", "context", "requests")


def table(fits: Sequence[Mapping[str, Any]]) -> list[str]:
    """Markdown: a row an answer, then each refusal and each tight fit with its reason and what would do instead.

    fits: Fit as mappings. GPUs: tensor parallel size; weights and cache: GiB of a GPU; tokens: of the cache; context:
    the longest that one request may be; requests: of the wanted context at the same time.
    """
    rows = [_row(one) for one in fits]
    widths = [max(len(row[column]) for row in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    rule = tuple("-" * width for width in widths)
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in (COLUMNS, rule, *rows)]
    return [*lines, "", *(note for one in fits for note in _notes(one))]


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        one["model"],
        one["quantization"],
        one["instance_type"],
        one["verdict"],
        f"{one['tensor_parallel']} of {one['gpus']}",
        f"{one['weights_gib']:.1f}",
        f"{one['kv_gib']:.1f}",
        f"{one['kv_tokens']:,}",
        f"{one['max_context']:,}" if one["max_context"] else "-",
        str(one["max_concurrency"] or "-"),
    )


def _notes(one: Mapping[str, Any]) -> Iterator[str]:
    if not one["reason"]:
        return
    best = one["cheapest"]
    instead = (
        f"cheapest that takes it: {best['instance_type']} (${best['usd_per_hour']:.2f} an hour, {best['verdict']})"
        if best
        else "no g5 takes it"
    )
    what = f"{one['model']} {one['quantization']} on {one['instance_type']}"
    yield f"- {what}: {one['verdict']}, {one['reason']}; {instead}"
