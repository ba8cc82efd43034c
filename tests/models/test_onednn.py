"""oneDNN's products give what torch's own give, forward and backward, and are taken where they are faster."""

import copy

import pytest
import torch
from torch import nn

from benchmark.common.errors import UserError
from benchmark.models import onednn
from benchmark.models.onednn import kernel_name, use_onednn, wanted

pytestmark = pytest.mark.skipif(not onednn.available(), reason="this torch has no oneDNN product")


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 11), nn.Tanh(), nn.Linear(11, 3, bias=False))


def layers(network):
    return {type(module) for module in network.modules()} & {nn.Linear, onednn.Linear}


@pytest.mark.parametrize("largest", [0, onednn.LARGEST_TRANSPOSED], ids=["large", "small"])
@pytest.mark.parametrize("shape", [(7,), (5, 7), (2, 5, 7)])
def test_values_and_gradients_are_torchs(shape, largest, monkeypatch):
    monkeypatch.setattr(onednn, "LARGEST_TRANSPOSED", largest)
    plain, results = model(), []
    for network in (plain, use_onednn(copy.deepcopy(plain))):
        inputs = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape).requires_grad_()
        out = network(inputs)
        (out * torch.arange(3)).square().sum().backward()
        results.append([out.detach(), inputs.grad, *(p.grad for p in network.parameters())])
        with torch.inference_mode():
            torch.testing.assert_close(network(inputs), results[-1][0])
    assert layers(network) == {onednn.Linear}
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 7), (2, 0, 7)])
def test_no_rows(shape):
    network = use_onednn(model())
    inputs = torch.zeros(shape, requires_grad=True)
    network(inputs).sum().backward()
    assert inputs.grad.shape == shape and not network[0].weight.grad.any()


def test_a_bias_of_any_stride():
    network = use_onednn(model())
    network[0].bias = nn.Parameter(torch.arange(22.0)[::2])
    inputs = torch.ones(2, 7)
    torch.testing.assert_close(network[0](inputs), nn.functional.linear(inputs, network[0].weight, network[0].bias))


def test_a_gradient_can_be_differentiated_again():
    gradients = []
    for network in (model(), use_onednn(model())):
        inputs = torch.linspace(-1, 1, 14).reshape(2, 7).requires_grad_()
        (first,) = torch.autograd.grad(network(inputs).square().sum(), inputs, create_graph=True)
        first.square().sum().backward()
        gradients.append([inputs.grad, *(p.grad for p in network.parameters())])
    for plain, ours in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, plain)


def test_a_frozen_layer_keeps_no_inputs():
    network = use_onednn(model()).requires_grad_(False)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.shape) or t, lambda t: t):
        network(torch.ones(2, 7, requires_grad=True))
    assert kept == [(11, 7), (2, 11), (3, 11)]  # weights, and what tanh gave


def test_only_what_needs_a_gradient_gets_one():
    network = use_onednn(model())
    network[0].requires_grad_(False)
    network(torch.ones(2, 7)).sum().backward()
    assert network[0].weight.grad is None and network[2].weight.grad is not None


def test_other_precisions_are_torchs(monkeypatch):
    def never(*given):
        raise AssertionError("oneDNN's float32 product was called")

    network = use_onednn(model())
    monkeypatch.setattr(onednn, "product", never)
    with torch.no_grad():
        assert network.to(torch.bfloat16)(torch.ones(2, 7, dtype=torch.bfloat16)).dtype == torch.bfloat16
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert network.float()(torch.ones(2, 7)).dtype == torch.bfloat16
        with pytest.raises(AssertionError, match="was called"):
            network(torch.ones(2, 7))


def test_layers_of_other_kinds_stay_and_the_change_can_be_undone():
    class Special(nn.Linear):
        pass

    network = nn.Sequential(nn.Linear(2, 2), Special(2, 2))
    names = list(use_onednn(network).state_dict())
    assert [type(layer) for layer in network] == [onednn.Linear, Special]
    assert [type(layer) for layer in use_onednn(network, False)] == [nn.Linear, Special]
    assert list(network.state_dict()) == names


def test_a_torch_without_the_operator_keeps_its_own(monkeypatch):
    def gone(*given):
        raise AttributeError("no such operator")

    monkeypatch.setattr(onednn, "product", gone)
    onednn.available.cache_clear()
    try:
        assert layers(use_onednn(model())) == {nn.Linear}
        assert not wanted("auto") and kernel_name() != "onednn"
        with pytest.raises(UserError, match="use auto or mkl instead"):
            wanted("onednn")
    finally:
        monkeypatch.undo()
        onednn.available.cache_clear()


@pytest.mark.parametrize(
    ("capability", "vendor", "expected"),
    [
        ("AVX512", "AuthenticAMD", True),
        ("AVX2", "AuthenticAMD", False),
        ("AVX512", "GenuineIntel", False),
        ("DEFAULT", None, False),
    ],
)
def test_the_processor_decides(capability, vendor, expected, monkeypatch, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    if vendor:  # else a system without such a file
        cpuinfo.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nmodel\t\t: 2\n")
    monkeypatch.setattr(onednn, "CPUINFO", cpuinfo)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    onednn.vendor.cache_clear()
    try:
        assert wanted("auto") == wanted() == expected
        assert (kernel_name() == "onednn") == expected
        assert wanted("onednn") and kernel_name("onednn") == "onednn"
        assert not wanted("mkl") and kernel_name("mkl") != "onednn"
    finally:
        onednn.vendor.cache_clear()
