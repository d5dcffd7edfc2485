"""The shape of a policy file: what may be written, and the range of each number.

These models check one key at a time. What holds between keys (initial not below maintenance,
brackets that rise, a correlation that exists) is in ``config_checks``; reading a file and
reporting every fault at once is in ``config_load``.
"""

from __future__ import annotations

from copy import copy
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, create_model

from tickmargin.config_add_ons import ADD_ONS, OF_THE_POCKET, AntiProcyclicality, Promise
from tickmargin.config_base import Confidence, NonNegative, Positive, Ratio, date_of, without_null
from tickmargin.config_base import Section as Section
from tickmargin.config_expiry import Portfolio, Standard
from tickmargin.config_pegs import Pegged
from tickmargin.config_protocols import Protocol, Token
from tickmargin.config_scaling import NoScaling, SizeScaling
from tickmargin.config_tail import JointTail
from tickmargin.config_tier_keys import Exact, SafetyFactor
from tickmargin.config_venues import Matrix, Span, SpanCredit

SCHEMA_VERSION = 1
SECTIONS = (
    "futures",
    "options",
    "dynamic",
    "scenario",
    "matrix",
    "span",
    "portfolio",
    "standard",
    "protocol",
    *ADD_ONS,
    "anti_procyclicality",
)
HAIRCUT_COMPONENTS = (
    "quality",
    "volatility",
    "depth",
    "bridge",
    "contract",
    "governance",
    "wrong_way",
)


class Levels(Section):
    """State borders as multiples of the maintenance margin: equity < x * MM."""

    warning: Annotated[float, Field(ge=1.0)] = 1.5
    margin_call: Annotated[float, Field(ge=1.0)] = 1.2
    liquidation: Annotated[float, Field(ge=1.0)] = 1.0


class HaircutParts(Section):
    """Haircut components, compounded as 1 - prod(1 - h)."""

    quality: Ratio = 0.0
    volatility: Ratio = 0.0
    depth: Ratio = 0.0
    bridge: Ratio = 0.0
    contract: Ratio = 0.0
    governance: Ratio = 0.0
    wrong_way: Ratio = 0.0


class HaircutComponents(HaircutParts):
    """Components for IM; ``maintenance`` replaces single components for MM."""

    maintenance: HaircutParts = Field(
        default_factory=HaircutParts,
        description="components used for MM; one that is not given is the initial one",
    )


def _haircut_form(value: Any) -> str:
    return "components" if isinstance(value, dict | HaircutParts) else "number"


Haircut = Annotated[
    Annotated[Ratio, Tag("number")] | Annotated[HaircutComponents, Tag("components")],
    Discriminator(_haircut_form),
]


class Bracket(Section):
    """One notional bracket, up to and including ``notional_cap`` (numeraire)."""

    notional_cap: Annotated[float, Field(gt=0.0, allow_inf_nan=True)]
    initial_ratio: Ratio
    maintenance_ratio: Ratio


class Futures(Section):
    """``fixed``: perpetuals, futures and spot positions, as a share of notional."""

    initial_ratio: Ratio | None = Field(
        default=None, description="required unless there are brackets"
    )
    maintenance_ratio: Ratio | None = Field(
        default=None, description="required unless there are brackets"
    )
    notional: Literal["mark", "entry"] = "mark"
    netting: Literal["none", "max_side", "net"] = "none"
    taker_fee_ratio: Ratio = Field(default=0.0, description="fee to close, added to IM and MM")
    size_scaling: SizeScaling = NoScaling(kind="none")
    brackets: list[Bracket] = Field(
        default=[], description="where not empty, they replace the two ratios"
    )
    bracket_mode: Literal["marginal", "whole"] = "marginal"


class Options(Section):
    """``fixed``: the standard formula for a short option; a long option needs nothing.

    With U the price of the underlying, per base unit: IM = max(a U - OTM, b U) and MM = c U,
    each plus the mark where ``option_value`` is ``requirement``.
    """

    base: Literal["index", "forward"] = "index"
    otm_a: Ratio = 0.15
    otm_b: Ratio = 0.10
    maintenance_c: Ratio = 0.075
    maintenance_mark_floor: Literal["none", "put", "both"] = "none"
    initial_at_least_maintenance: bool = True
    margin_factor: Positive = 1.0
    liquidation_fee_ratio: Ratio = 0.0
    initial_uses_entry: bool = False


class Dynamic(Section):
    """Method ``dynamic``: lognormal expected-shortfall factors of the streaming volatility."""

    horizon_initial_days: Positive
    horizon_maintenance_days: Positive
    confidence_initial: Confidence
    confidence_maintenance: Confidence
    floor_ratio: Ratio
    # Below 1, so that no move takes the price to zero, where an option has no value to take.
    cap_ratio: Annotated[float, Field(gt=0.0, lt=1.0)]
    buffer_ratio: Ratio = Field(default=0.0, description="anti-procyclical buffer on the measure")
    vol_floor_annual: NonNegative = 0.0
    depth_factor: NonNegative = Field(
        default=0.0, description="IM only: depth_factor * sqrt(notional / depth_notional)"
    )
    depth_cap_ratio: Ratio | None = Field(
        default=None, description="required where depth_factor > 0"
    )
    max_mm_increase_per_day_ratio: Positive | None = Field(
        default=None,
        description="speed limit on buffered MM of existing positions; absent: no limit",
    )
    netting: Literal["position", "underlying"] = "position"


class Tail(Section):
    """A move outside the grid whose loss counts by ``weight``, with volatility up."""

    move: Annotated[float, Field(gt=-1.0)]
    weight: Annotated[float, Field(gt=0.0, le=1.0)]


class Scenario(Section):
    """Method ``scenario``: worst loss over a price x volatility grid and damped tails."""

    price_range: Annotated[float, Field(gt=0.0, lt=1.0)]
    price_steps: Annotated[int, Field(ge=1, le=1000)] = 4
    vol_up: NonNegative
    vol_down: NonNegative
    vol_shock: Literal["relative", "absolute"] = "relative"
    vol_reference_days: Positive = 30.0
    vol_power_short: NonNegative = 0.3
    vol_power_long: NonNegative = 0.13
    vol_up_floor_annual: NonNegative = 0.0
    min_days: Positive = 1.0
    tails: list[Tail] = Field(default=[])
    strike_nodes: bool = Field(default=True, description="strikes inside the range are nodes too")
    initial_factor: Positive = 1.0
    maintenance_factor: Positive
    short_option_ratio: Ratio = Field(default=0.0, description="per net short option, of the index")
    roll_ratio_annual: NonNegative = 0.0
    roll_ratio_min: Ratio = 0.0
    basis_ratio: Ratio = 0.0


class Netting(Section):
    """How the requirements of several underlyings in one pocket are added."""

    rule: Literal["sum", "correlation"] = "sum"
    correlation: dict[str, Annotated[float, Field(ge=-1.0, le=1.0)]] = Field(
        default={}, description='by pair, such as "BTC/ETH"'
    )
    correlation_default: Annotated[float, Field(ge=-1.0, le=1.0)] | None = Field(
        default=None, description="for pairs that are not listed; absent: such a pair is an error"
    )
    credit_cap_ratio: Ratio = Field(default=0.0, description="largest credit, of the plain sum")
    correlation_break: Ratio = Field(
        default=0.0,
        description="share by which correlations move to 0, then to 1, when the credit is tested",
    )


def _partial(model: type[Section]) -> Any:
    """The same keys and ranges as ``model``, none of them required."""
    fields: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        optional = copy(field)
        optional.default, optional.default_factory = None, None
        fields[key] = (field.annotation, optional)
    name = f"{model.__name__}Override"
    return create_model(name, __base__=Section, __doc__=f"{model.__name__}, some keys", **fields)


SECTION_MODELS: dict[str, type[Section]] = {
    "futures": Futures,
    "options": Options,
    "dynamic": Dynamic,
    "scenario": Scenario,
    **ADD_ONS,
    "anti_procyclicality": AntiProcyclicality,
    "matrix": Matrix,
    "span": Span,
    "portfolio": Portfolio,
    "standard": Standard,
    "protocol": Protocol,
}

if TYPE_CHECKING:
    UnderlyingOverride = Section
    AddOnSections = Section
else:
    AddOnSections = create_model(
        "AddOnSections",
        __base__=Section,
        **{key: (model | None, None) for key, model in ADD_ONS.items()},
    )
    UnderlyingOverride = create_model(
        "UnderlyingOverride",
        __base__=Section,
        __doc__="Keys that differ from the policy's own sections for one underlying.",
        **{
            key: (_partial(model) | None, None)
            for key, model in SECTION_MODELS.items()
            if key not in OF_THE_POCKET
        },
    )


class Policy(AddOnSections):
    """One policy: a method, its parameters and what surrounds it."""

    method: Literal[
        "fixed",
        "dynamic",
        "scenario",
        "matrix",
        "span",
        "portfolio",
        "standard",
        "var",
        "es",
        "protocol",
    ]
    description: str = ""
    source: str = ""
    as_of: Annotated[date, BeforeValidator(date_of)] | None = None
    collateral: Literal["haircut", "simulated"] = "haircut"
    option_value: Literal["equity", "requirement"] = "equity"
    close_out_cost_ratio: Ratio = Field(
        default=0.0, description="of gross notional, for `bankrupt`"
    )
    exact: Exact = None
    safety_factor_ratio: SafetyFactor = 1.0
    promise: Promise | None = Field(
        default=None, description="what `tickmargin backtest` holds the policy to"
    )
    levels: Levels = Levels()
    haircuts: Annotated[dict[str, Haircut], Field(min_length=1)]
    futures: Futures | None = None
    options: Options | None = None
    dynamic: Dynamic | None = None
    scenario: Scenario | None = None
    anti_procyclicality: AntiProcyclicality | None = None
    matrix: Matrix | None = None
    span: Span | None = None
    credits: list[SpanCredit] = Field(
        default=[], description="between underlyings under ``span``, by priority"
    )
    portfolio: Portfolio | None = None
    standard: Standard | None = None
    tail: JointTail | None = None
    protocol: Protocol | None = None
    tokens: dict[str, Token] = Field(
        default={}, description="by asset, what the rule ``drift_v2`` lends on"
    )
    pegs: dict[str, Pegged] = Field(
        default={}, description="by asset, what the add-on ``peg`` holds it to"
    )
    netting: Netting = Netting()
    underlyings: dict[str, UnderlyingOverride] = Field(default={})


Names = Annotated[list[str], Field(min_length=1)]
Kind = Literal["spot", "future", "perpetual", "option"]


class SelectRule(Section):
    """All conditions given must hold; the first rule that matches an account decides."""

    policy: str
    account: Names | None = None
    tier: Names | None = None
    jurisdiction: Names | None = None
    linked_group: Names | None = None
    products: Annotated[list[Kind], Field(min_length=1)] | None = None
    credit_score_min: float | None = None
    credit_score_max: float | None = None
    position_count_min: Annotated[int, Field(ge=0)] | None = None
    position_count_max: Annotated[int, Field(ge=0)] | None = None
    gross_notional_min: NonNegative | None = None
    gross_notional_max: NonNegative | None = None

    def conditions(self) -> dict[str, Any]:
        """The conditions given, by key; empty for a rule that takes every account."""
        return self.model_dump(exclude={"policy"}, exclude_none=True)


class PolicyFile(Section):
    """A policy file: policies by name and the rules that choose between them."""

    # A literal would take 1.0 and true, which equal 1.
    schema_version: int = Field(
        alias="schema",
        ge=SCHEMA_VERSION,
        le=SCHEMA_VERSION,
        json_schema_extra={"const": SCHEMA_VERSION},
    )
    policies: Annotated[dict[str, Policy], Field(min_length=1)]
    select: list[SelectRule] = Field(default=[])


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a policy file, without the nulls TOML cannot write."""
    schema: dict[str, Any] = without_null(PolicyFile.model_json_schema(by_alias=True))
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tickmargin policy file",
    }
    return {**head, **{key: value for key, value in schema.items() if key not in head}}
