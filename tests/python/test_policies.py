"""Policies are data: presets, the schema, the page on writing one, and laziness of imports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import tickmargin.policies as policies_module
from tickmargin.config import SECTION_MODELS, PolicyFile, Section, json_schema
from tickmargin.errors import InputTypeError, InvalidInputError, UnknownNameError
from tickmargin.policies import Policies

PRESETS = Path(policies_module.__file__).parent / "presets"
FILES = sorted(PRESETS.glob("*.toml"))
PAGE = (PRESETS / "README.md").read_text("utf-8")


def as_json(value: Any) -> Any:
    """TOML data as JSON would hold it: dates as text."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def file_ids(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("file", FILES, ids=file_ids)
def test_each_preset_loads_and_names_its_source_and_date(file: Path) -> None:
    rows = Policies.load(file).describe()
    for row in rows:
        assert (row["source"] == "house") == file.stem.startswith("house")
        assert row["source"] != ""
        assert row["description"] != ""
    assert file.stem.endswith(max(row["as_of"] for row in rows))  # that of its youngest policy


@pytest.mark.parametrize("file", FILES, ids=file_ids)
def test_each_preset_is_valid_by_the_json_schema(file: Path) -> None:
    data = as_json(tomllib.loads(file.read_text("utf-8")))
    jsonschema.Draft202012Validator(Policies.schema()).validate(data)


def test_the_json_schema_refuses_what_the_loader_refuses() -> None:
    file = next(f for f in FILES if f.stem.startswith("house-fixed"))
    data = as_json(tomllib.loads(file.read_text("utf-8")))
    data["policies"]["house-fixed"]["futures"]["initial_rato"] = 0.1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(Policies.schema()).validate(data)
    with pytest.raises(InvalidInputError):
        Policies.from_dict(data)


def test_the_schema_file_is_what_the_models_say() -> None:
    written = (PRESETS / "schema.json").read_text("utf-8")
    assert written == json.dumps(json_schema(), indent=2) + "\n"
    jsonschema.Draft202012Validator.check_schema(Policies.schema())


def test_a_plain_preset_name_is_its_newest_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = next(f for f in FILES if f.stem.startswith("house-fixed")).read_text("utf-8")
    for day in ("2026-03-01", "2027-01-15", "2026-12-31"):
        dated = re.sub(r"as_of = \S+", f"as_of = {day}", text)
        (tmp_path / f"venue-{day}.toml").write_text(dated, "utf-8")
    monkeypatch.setattr(policies_module, "PRESETS_FOLDER", tmp_path)
    policies_module._preset_files.cache_clear()
    try:
        assert Policies.preset("venue").describe()[0]["as_of"] == "2027-01-15"
        assert Policies.preset("venue-2026-12-31").describe()[0]["as_of"] == "2026-12-31"
    finally:
        policies_module._preset_files.cache_clear()


def test_the_three_generations_are_presets() -> None:
    assert Policies.preset("house-fixed").describe()[0]["method"] == "fixed"
    assert Policies.preset("house-dynamic").describe()[0]["method"] == "dynamic"
    assert Policies.preset("house-portfolio").describe()[0]["method"] == "scenario"
    assert Policies.preset("house").names == ("house-fixed", "house-dynamic", "house-portfolio")


def test_the_combined_preset_holds_the_same_policies_as_the_single_ones() -> None:
    for policy in Policies.preset("house").loaded:
        assert policy.config == Policies.preset(policy.name).loaded[0].config


def test_preset_tail_weights_never_charge_a_linear_loss_more_than_the_grid() -> None:
    policy = Policies.preset("house-portfolio").loaded[0]
    scenarios = [policy.config.scenario, *policy.merged.values()]
    assert len(scenarios) == 3
    for scenario in scenarios:
        for tail in scenario.tails:
            assert abs(tail.move) * tail.weight <= scenario.price_range


def test_an_unknown_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean house-fixed") as caught:
        Policies.preset("house-fixd")
    assert caught.value.code == "UNKNOWN_PRESET"


def test_resolve_takes_a_preset_a_path_a_mapping_or_policies(tmp_path: Path) -> None:
    policies = Policies.preset("house")
    assert Policies.resolve(policies) is policies
    assert Policies.resolve("house-fixed").names == ("house-fixed",)
    path = tmp_path / "mine.toml"
    path.write_bytes(FILES[0].read_bytes())
    data = tomllib.loads(path.read_text("utf-8"))
    names = tuple(data["policies"])
    assert Policies.resolve(path).names == names
    assert Policies.resolve(str(path)).names == names
    assert Policies.resolve(data).names == names
    with pytest.raises(InputTypeError, match="int"):
        Policies.resolve(3)


@pytest.mark.parametrize("wrong", [None, 3, b"schema = 1", {"schema": 1}])
def test_from_toml_takes_only_text(wrong: Any) -> None:
    with pytest.raises(InputTypeError):
        Policies.from_toml(wrong)


def test_from_dict_takes_only_a_mapping() -> None:
    with pytest.raises(InputTypeError):
        Policies.from_dict([("schema", 1)])  # type: ignore[arg-type]


def test_the_constructor_points_to_the_ways_of_reading() -> None:
    with pytest.raises(InputTypeError, match=r"got str; use Policies\.load"):
        Policies("house-fixed")  # type: ignore[arg-type]


def test_a_file_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FILES[0].read_bytes())
    assert len(Policies.load(path)) >= 1


def test_a_single_policy_needs_no_rules_and_takes_every_account() -> None:
    rules = Policies.preset("house-fixed").rules
    assert [(rule.policy, dict(rule.conditions)) for rule in rules] == [(0, {})]


def test_policies_know_whether_a_rule_needs_the_gross_notional() -> None:
    data = tomllib.loads(worked_example())
    assert not Policies.from_dict(data).needs_gross_notional
    data["select"][0]["gross_notional_min"] = 1e6
    assert Policies.from_dict(data).needs_gross_notional


def worked_example() -> str:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def test_the_worked_example_of_the_page_does_what_it_says() -> None:
    policies = Policies.from_toml(worked_example(), file="policies.toml")
    assert policies.names == ("simple", "book")
    assets = [("BTC", ""), ("USDC", "ethereum"), ("USDC", "solana")]
    table = policies.compile(["BTC", "SOL"], assets)[0]
    kept_initial = (1.0 - table["haircut_initial"]).prod(axis=1)
    kept_maintenance = (1.0 - table["haircut_maintenance"]).prod(axis=1)
    assert kept_initial == pytest.approx([1 - 0.126, 1 - 0.01495, 0.0], abs=1e-15)
    assert kept_maintenance == pytest.approx([1 - 0.0975, 1 - 0.01495, 0.0], abs=1e-15)
    assert [f["initial_ratio"] for f in table["futures"]] == [0.05, 0.10]


def test_the_faults_shown_on_the_page_are_the_ones_reported() -> None:
    text = worked_example()
    text = text.replace('description = "5 % of notional"', 'collaterl = "haircut"')
    text = text.replace("initial_ratio = 0.05\n", "initial_ratio = 5\n", 1)
    with pytest.raises(InvalidInputError) as caught:
        Policies.from_toml(text, file="policies.toml")
    shown = [str(issue) for issue in caught.value.issues]
    block = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    assert shown == block[1].strip().split("\n")


def documented_keys() -> set[str]:
    models = [PolicyFile, *SECTION_MODELS.values()]
    found: set[type[Section]] = set()
    while models:
        model = models.pop()
        if model in found:
            continue
        found.add(model)
        for field in model.model_fields.values():
            models += _section_models(field.annotation)
    return {field.alias or name for model in found for name, field in model.model_fields.items()}


def _section_models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [m for arg in getattr(annotation, "__args__", ()) for m in _section_models(arg)]


def test_every_key_of_the_models_is_on_the_page() -> None:
    keys = documented_keys()
    assert {"wrong_way", "free_size", "correlation_break", "as_of"} <= keys
    missing = {key for key in keys if not re.search(rf"\b{key}\b", PAGE)}
    assert missing == set()


@pytest.mark.parametrize("module", ["tickmargin", "tickmargin.policies", "tickmargin.selection"])
def test_importing_does_not_load_pydantic(module: str) -> None:
    code = f"import sys, {module}; sys.exit('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
