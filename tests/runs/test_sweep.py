"""Where a sweep begins."""

from benchmark.config.load import load_preset
from benchmark.config.schema import MethodSettings, Tuning
from benchmark.runs.sweep import search_of, untuned


def test_a_search_begins_at_a_methods_own_constants_however_the_preset_was_tuned():
    preset = load_preset("quick", methods=["rkld", "npo+rt", "task_vector"])
    assert preset.settings["rkld"].fields["alpha"] == 800 and preset.settings["rkld"].tuning is not None
    fresh = untuned(preset)
    assert all(fresh.settings[name] == fresh.settings[name].__class__() for name in ("rkld", "npo+rt", "task_vector"))
    (lr, alpha), (scale,) = search_of(fresh, "rkld").axes, search_of(fresh, "task_vector").axes
    assert alpha.start == (8.0,) and lr.start == tuple(preset.sweep.values)
    assert 2.5 in scale.start
    assert fresh.settings["dpo"] == preset.settings["dpo"]  # not in this board: left alone


def test_settings_that_no_sweep_chose_stay():
    preset = load_preset("quick-all", methods=["pmc"])
    assert untuned(preset).settings["pmc"].fields == {"samples": 5}


def test_a_search_that_began_elsewhere_begins_there_again():
    preset = load_preset("quick", methods=["rmu"])
    fields = {"trained": "blocks", "retain_weight": 0.1}
    tuned = MethodSettings(fields=fields, training={"lr": 1e-4}, tuning=Tuning(trials=5, start=1.0))
    fresh = untuned(preset.model_copy(update={"settings": {"rmu": tuned}}))
    assert fresh.settings["rmu"].fields == {"trained": "blocks", "retain_weight": 1.0}
    assert search_of(fresh, "rmu").axes[1].start == (1.0,)
