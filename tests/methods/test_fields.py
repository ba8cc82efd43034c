"""The values that a method's fields may have."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pytest

import methods
from benchmark.common.errors import UserError
from methods.base import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, SHARE, Method


@dataclass(frozen=True)
class Parent(Method):
    ranges: ClassVar = {"rate": POSITIVE, "count": AT_LEAST_ONE}

    rate: float = 0.5
    count: int = 3
    layer: int | None = None
    kind: Literal["one", "two", "three"] = "one"
    text: str = "a"
    on: bool = False
    odd: Any = None


@dataclass(frozen=True)
class Child(Parent):
    ranges: ClassVar = {"share": SHARE, "layer": NOT_NEGATIVE, "count": (2, 4)}

    share: float = 0.0


RIGHT = {
    "rate": [1e-9, 1e30], "count": [2, 4], "layer": [None, 0, 7], "kind": ["three"], "text": ["", "b"], "on": [True],
    "odd": ["x", 1j, [1]], "share": [0.0, 1.0],
}  # fmt: skip
WRONG = {
    "rate": ([0, 0.0, -1.0, math.nan, math.inf, -math.inf, 10**400, True, "abc", None], "a finite number above 0"),
    "count": ([1, 5, 2.5, 3.0, True, "3"], "a whole number from 2 to 4"),
    "layer": ([-1, 1.5, "none", False], "a whole number of at least 0 or none"),
    "kind": (["four", 1, None], "'one', 'two' or 'three'"),
    "text": ([1, None, True], "a text"),
    "on": ([1, "true", None], "true or false"),
    "share": ([-0.01, 1.01], "a finite number from 0 to 1"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values])
def test_values_of_the_type_and_within_the_limits_are_taken(name, value):
    assert getattr(Child(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "wanted"), [(name, value, wanted) for name, (values, wanted) in WRONG.items() for value in values]
)
def test_others_are_refused_with_what_may_stand_there(name, value, wanted):
    with pytest.raises(UserError) as error:
        Child(**{name: value})
    assert str(error.value) == f"{name} must be {wanted}, not {value!r}"


def test_whole_numbers_become_floats_so_that_equal_settings_are_equal():
    assert repr(Parent(rate=2)) == repr(Parent(rate=2.0))


@pytest.mark.parametrize(
    "name",
    ["rkld@alpha=abc", "rkld@alpha=-5", "rkld@alpha=nan", "rkld@alpha=inf", "npo@beta=0", "dpo+rt@beta=-0.1",
     "npo+rt@retain_weight=-1", "simnpo@beta=0", "bs_t@top=0", "bs_t@belief_weight=1.5", "altpo@alternatives=0",
     "ihl@retain=RT", "gru@smoothing=2", "uld@lora_dropout=1", "loku@fisher_batch=0", "me+gd@mask=none"],
)  # fmt: skip
def test_wrong_settings_are_refused_before_anything_runs(name):
    with pytest.raises(UserError, match=f"^{name.replace('+', '.')}: .* must be .*, not "):
        methods.load_method(name)


def test_ranges_and_the_weighing_constant_name_fields():
    for name in methods.method_names():
        method = methods.load_method(name)
        fields = {*method.__dataclass_fields__}
        limited = {key for cls in type(method).__mro__ for key in vars(cls).get("ranges", {})}
        assert limited <= fields, name
        assert not method.weighs or getattr(method, method.weighs) > 0, name  # a search multiplies it


def test_a_file_of_ones_own_may_have_constants_for_a_split(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import dataclass\n"
        "from typing import ClassVar\n"
        "from methods.base import Method\n"
        'VARIANTS = {"mine": {}, "mine+": {"rate": 2.0}}\n'
        "@dataclass(frozen=True)\n"
        "class Mine(Method):\n"
        '    by_split: ClassVar = {"small": {"rate": 3.0}}\n'
        "    rate: float = 1.0\n"
        "    other: float = 1.0\n"
    )

    def rate(name="mine", **given):
        return methods.load_method(f"{path}:{name}", **given).rate

    assert (rate(), rate(split="other"), rate(split="small"), rate("mine+", split="small")) == (1.0, 1.0, 3.0, 3.0)
    assert (rate(split="small", rate=4.0), rate("mine@rate=5", split="small", rate=4.0)) == (4.0, 5.0)
    path.write_text(path.read_text().replace('{"rate": 3.0}', '{"rtae": 3.0}'))
    with pytest.raises(UserError, match="unknown setting of mine 'rtae'; did you mean 'rate'"):
        rate(split="small")
