# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Models and GPU instances as far as memory arithmetic needs them. Pure: no I/O, no AWS.

A model is what its config.json says of its shape. The catalog has some; any other comes as its config.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

#: Architectures (model_type of a config.json) whose layers are the ones counted here.
ARCHITECTURES = ("llama", "mistral", "mixtral", "qwen2")
#: Their attention's q, k and v have a bias.
_BIASED = ("qwen2",)
#: Scales of a 4-bit checkpoint are shared by so many weights, unless its config.json says otherwise.
GROUP_SIZE = 128


@dataclass(frozen=True)
class Model:
    """A decoder-only transformer with a gated MLP and grouped-query attention."""

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    max_context: int
    """Tokens."""
    experts: int = 1
    """MLPs a layer, all of which are in memory, however few of them a token takes."""
    attention_bias: bool = False
    tied_embeddings: bool = False
    group_size: int = GROUP_SIZE
    quantization: str = ""
    """quant_method of the checkpoint; empty when its config.json names none, or it comes from the catalog."""

    @property
    def linears(self) -> int:
        """Parameters that a quantization makes smaller."""
        attention = 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        return self.layers * (attention + self.experts * 3 * self.hidden * self.intermediate)

    @property
    def others(self) -> int:
        """Parameters that stay at 16 bits: embeddings, output head, norms, biases, routers."""
        router = self.hidden * self.experts if self.experts > 1 else 0
        bias = self.head_dim * (self.heads + 2 * self.kv_heads) if self.attention_bias else 0
        embeddings = self.vocab * self.hidden * (1 if self.tied_embeddings else 2)
        return self.layers * (2 * self.hidden + router + bias) + self.hidden + embeddings

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.linears + self.others


@dataclass(frozen=True)
class Host:
    """An instance type with GPUs."""

    name: str
    gpus: int
    gpu_mib: int
    """Memory of one GPU, as DescribeInstanceTypes has it."""
    memory_gib: int
    nvme_gb: int
    usd_per_hour: float
    """On demand, Linux, us-east-1. Only the order and the hint to the reader depend on it."""


_LLAMA_70B = Model("llama-3.3-70b", 80, 8192, 64, 8, 128, 28672, 128256, 131072)

MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        Model("llama-3.1-8b", 32, 4096, 32, 8, 128, 14336, 128256, 131072),
        replace(_LLAMA_70B, name="llama-3.1-70b"),
        _LLAMA_70B,
        Model("qwen2.5-72b", 80, 8192, 64, 8, 128, 29568, 152064, 32768, attention_bias=True),
        Model("mixtral-8x7b", 32, 4096, 32, 8, 128, 14336, 32000, 32768, experts=8),
        replace(_LLAMA_70B, name="deepseek-r1-distill-llama-70b"),
    )
}
"""Name to model, from the config.json of each one's instruction-tuned release."""

#: An A10G has 22,888 MiB, not 24 GiB.
_A10G = 22888

HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host("g5.xlarge", 1, _A10G, 16, 250, 1.006),
        Host("g5.2xlarge", 1, _A10G, 32, 450, 1.212),
        Host("g5.4xlarge", 1, _A10G, 64, 600, 1.624),
        Host("g5.8xlarge", 1, _A10G, 128, 900, 2.448),
        Host("g5.16xlarge", 1, _A10G, 256, 1900, 4.096),
        Host("g5.12xlarge", 4, _A10G, 192, 3800, 5.672),
        Host("g5.24xlarge", 4, _A10G, 384, 3800, 8.144),
        Host("g5.48xlarge", 8, _A10G, 768, 7600, 16.288),
    )
}
"""Instance type to host: https://aws.amazon.com/ec2/instance-types/g5/"""


def model_of(given: Any) -> Model:
    """A model by its name in the catalog, or from the content of its config.json.

    Raises:
        ValueError: neither the one nor the other, in one line.
    """
    if isinstance(given, Mapping):
        return _from_config(given)
    found = MODELS.get(str(given))
    if found is None:
        raise ValueError(f"model: {str(given)!r} is not in the catalog ({', '.join(MODELS)}); give its config.json")
    return found


def _from_config(config: Mapping[str, Any]) -> Model:
    architecture = str(config.get("model_type", ""))
    if architecture not in ARCHITECTURES:
        raise ValueError(
            f"model: model_type {architecture!r} of the config.json is not one whose memory is known here"
            f" ({', '.join(ARCHITECTURES)})"
        )
    hidden, heads = _whole(config, "hidden_size"), _whole(config, "num_attention_heads")
    packed = config.get("quantization_config") or {}
    group = packed.get("group_size", GROUP_SIZE)
    return Model(
        name=str(config.get("_name_or_path") or architecture),
        layers=_whole(config, "num_hidden_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=_whole(config, "num_key_value_heads", heads),
        head_dim=_whole(config, "head_dim", hidden // heads),
        intermediate=_whole(config, "intermediate_size"),
        vocab=_whole(config, "vocab_size"),
        max_context=_whole(config, "max_position_embeddings"),
        experts=_whole(config, "num_local_experts", 8) if architecture == "mixtral" else 1,
        attention_bias=bool(config.get("attention_bias", architecture in _BIASED)),
        tied_embeddings=bool(config.get("tie_word_embeddings", False)),
        # -1 is one scale a row, for which the kernels still take steps of 128.
        group_size=group if isinstance(group, int) and group > 0 else GROUP_SIZE,
        quantization=str(packed.get("quant_method", "")),
    )


def _whole(config: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """A positive whole number of a config.json, where null stands for the default."""
    value = config.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"model: {key} of the config.json must be a positive whole number, got {value!r}")
    return value
