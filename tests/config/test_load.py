"""Presets: what is read, what is refused, and how single values are changed."""

import pytest

from benchmark.common.errors import UserError
from benchmark.config.load import load_preset, preset_names

WRONG = """
nmae = "x"
methods = ["rkld"]
[model]
sorce = "tiny"
[training]
lrr = 1e-4
epochs = "many"
[dataset]
name = "wiki"
[settings.rkld.training]
epoch = 3
[settings.rkld]
field = 1
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        return str(tmp_path / "mine.toml")

    return write


@pytest.mark.parametrize("name", preset_names())
def test_shipped_presets_are_right(name):
    from benchmark.runs.plan import check_preset

    preset = load_preset(name)
    assert preset.name == name and preset.description and preset.methods
    check_preset(preset)


def test_all_wrong_keys_are_told_at_once(file):
    with pytest.raises(UserError) as error:
        load_preset(file(WRONG))
    lines = str(error.value).splitlines()
    for where, hint in [
        ("nmae", "did you mean 'name'?"),
        ("model.sorce", "did you mean 'source'?"),
        ("training.lrr", "did you mean 'lr'?"),
        ("training.epochs", "(it is 'many')"),
        ("dataset.name", "(it is 'wiki')"),
        ("settings.rkld.field", "did you mean 'fields'?"),
        ("settings.rkld.training.epoch", "did you mean 'epochs'?"),
    ]:
        hints = [line for line in lines if line.strip().startswith(f"{where}:")]
        assert hints and hint in hints[0], (where, lines)


def test_wrong_recipe_of_one_method_says_where(file):
    with pytest.raises(UserError, match=r"settings\.rkld\.training\.epoch: unknown key; did you mean 'epochs'\?"):
        load_preset(file('methods = ["rkld"]\n[settings.rkld.training]\nepoch = 3'))


def test_unknown_preset_suggests_the_nearest(tmp_path):
    with pytest.raises(UserError, match="unknown preset 'quik'; did you mean 'quick'"):
        load_preset("quik")
    with pytest.raises(UserError, match="there is no file .*gone.toml"):
        load_preset(str(tmp_path / "gone.toml"))


def test_damaged_file_names_its_line(file):
    with pytest.raises(UserError, match="mine.toml is not valid TOML: .*line 2"):
        load_preset(file("name = 'a'\nmethods = rkld"))


def test_name_is_the_files(file):
    assert load_preset(file('methods = ["rkld"]')).name == "mine"


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ("training.lr=3e-4", "training.lr", 3e-4),
        ("training.epochs = 3", "training.epochs", 3),
        ("name=mine", "name", "mine"),
        ("model.source=owner/model-1b", "model.source", "owner/model-1b"),
        ('model.source="tiny"', "model.source", "tiny"),
        ("seeds=[3, 1, 3]", "seeds", [3, 1]),
        ("model.prompt=Q: {question}=", "model.prompt", "Q: {question}="),
        ("training.gradient_checkpointing=true", "training.gradient_checkpointing", True),
        ("training.lora.rank=4", "training.lora.rank", 4),
    ],
)
def test_change_is_read_as_toml_or_as_a_word(change, key, value):
    setting = load_preset("quick", [change])
    for part in key.split("."):
        setting = getattr(setting, part)
    assert setting == value and type(setting) is type(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.lr", "--set takes key=value"),
        ("=3", "--set takes key=value"),
        ("training..lr=3", "--set takes key=value"),
        ("name.first=3", "'name' is a value, it has no keys below it"),
        ("training.lrr=3", "training.lrr: unknown key; did you mean 'lr'"),
        ("training.lora.rnak=3", "training.lora.rnak: unknown key; did you mean 'rank'"),
        ("model.tiny.leyers=3", "model.tiny.leyers: unknown key; did you mean 'layers'"),
        ("settings.rkld.training.lora.rnak=3", "settings.rkld.training.lora.rnak: .*did you mean 'rank'"),
        ("training.epochs=-1", "training.epochs: .*greater than or equal to 0.*it is -1"),
        ("settings.rkld=3", "settings.rkld: "),
        ("settings=3", "settings: "),
    ],
)
def test_bad_change_is_refused(change, message):
    for changes in ([change], [change, "training.batch_size=4"]):
        with pytest.raises(UserError, match=message):
            load_preset("quick", changes)


SETTINGS = """
methods = ["rkld", "npo"]
[training]
lr = 1e-5
epochs = 4
[settings.rkld]
fields.alpha = 4.0
training.lr = 2e-5
training.batch_size = 8
"""


def test_settings_change_one_method(file):
    preset = load_preset(file(SETTINGS))
    rkld, npo = preset.training_of("rkld"), preset.training_of("npo")
    assert (rkld.lr, rkld.epochs, rkld.batch_size) == (2e-5, 4, 8)
    assert (npo.lr, npo.epochs, npo.batch_size) == (1e-5, 4, 32)
    assert (preset.fields_of("rkld"), preset.fields_of("npo")) == ({"alpha": 4.0}, {})


def test_change_of_training_holds_for_every_method(file):
    preset = load_preset(file(SETTINGS), ["training.lr=1e-3"])
    assert preset.training_of("rkld").lr == preset.training_of("npo").lr == 1e-3
    assert preset.training_of("rkld").batch_size == 8  # not what was changed
    only = load_preset(file(SETTINGS), ["training.lr=1e-3", "settings.rkld.training.lr=5e-4"])
    assert (only.training_of("rkld").lr, only.training_of("npo").lr) == (5e-4, 1e-3)


def test_lists_replace_the_presets():
    preset = load_preset("quick", methods=["npo"], splits=None, seeds=[4, 4])
    assert (preset.methods, preset.splits, preset.seeds) == (["npo"], ["forget10"], [4])
    with pytest.raises(UserError, match="seeds"):
        load_preset("quick", seeds=[])


def test_a_row_with_a_changed_field_has_its_methods_settings(file):
    preset = load_preset(
        file("""
methods = ["rkld@alpha=4"]
[settings.rkld.training]
lr = 3e-4
epochs = 2
[settings."rkld@alpha=4".training]
epochs = 3
""")
    )
    recipe = preset.training_of("rkld@alpha=4")
    assert (recipe.lr, recipe.epochs, preset.training_of("rkld").epochs) == (3e-4, 3, 2)
    assert preset.training_of("npo").lr == preset.training.lr
