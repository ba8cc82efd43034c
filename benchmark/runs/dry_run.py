"""What a preset would run, told without loading a model or a dataset: ``run --dry-run``."""

from __future__ import annotations

from benchmark.config.recipe import Recipe
from benchmark.config.schema import Preset
from benchmark.runs.plan import check_preset
from benchmark.runs.sweep import swept_methods
from methods import load_method, method_source


def outline(preset: Preset, tune: bool = False) -> str:
    """Lines for a reader: the dataset, where each model comes from, and every row with its recipe.

    Raises:
        UserError: an unknown method or setting.
    """
    check_preset(preset)
    choice, dataset = preset.model, preset.dataset
    people = f", {dataset.authors} authors" if dataset.authors else ""
    people += f", {dataset.questions} questions of each" if dataset.questions else ""
    lines = [
        f"{preset.name}: {preset.description}",
        f"dataset     {dataset.name} from {dataset.source if dataset.name == 'tofu' else f'seed {dataset.seed}'}{people}",
        f"base        {choice.source}; weights {preset.dtype}",
        f"finetuned   {choice.finetuned or _recipe(preset.finetuning)}",
    ]
    for split in preset.splits:
        seeds = ", ".join(map(str, preset.retrained_seeds))
        made = ", ".join(choice.retrained.get(split, [])) or f"{_recipe(preset.finetuning)}; seeds {seeds}"
        lines.append(f"retrained   {split}: {made}")
    if preset.doses:
        lines.append(f"doses       {', '.join(f'{share:g}' for share in preset.doses)} of the forget rows")
    if preset.controls:
        lines.append(f"controls    {', '.join(preset.controls)}")
    if preset.attacks:
        lines.append(f"attacks     {', '.join(preset.attacks)}")
    chosen = {
        name: load_method(name, split=max(preset.splits), **preset.fields_of(method_source(name)[0]))
        for name in preset.methods
    }
    if readers := [name for name, method in chosen.items() if "reinforced" in method.required()]:
        lines.append(f"reinforced  {_recipe(preset.reinforcement)}; for {', '.join(readers)}")
    rows = len(preset.splits) * len(preset.seeds) * len(preset.methods)
    lines.append(f"{rows} rows: {len(preset.methods)} methods x {', '.join(preset.splits)} x seeds {preset.seeds}")
    if tune:
        swept, sweep = len(swept_methods(preset)), preset.sweep
        start = ", ".join(f"{value:g}" for value in sweep.values)
        lines.append(
            f"before them {swept * sweep.trials} trials on {max(preset.splits)}, {sweep.trials} of each method: "
            f"{sweep.key} = {start}, then in steps of {sweep.factor:g} between {sweep.low:g} and {sweep.high:g}"
        )
    for name, method in chosen.items():
        recipe = _recipe(preset.training_of(method_source(name)[0])) if method.trains else "in closed form"
        lines.append(f"  {name:22} {recipe}")
    return "\n".join(lines)


def _recipe(recipe: Recipe) -> str:
    lora = f", LoRA of rank {recipe.lora.rank}" if recipe.lora else ""
    narrow = ", bf16 autocast" if recipe.precision == "bf16" else ""
    return f"{recipe.epochs} epochs, lr {recipe.lr:g}, batches of {recipe.batch_size}{narrow}{lora}"
