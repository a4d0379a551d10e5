"""Recursion studies made by hand, with numbers such as NHANES gives: what the tests of the page draw."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from synthtab.results import (
    Arm,
    ArmCosts,
    AuditCurve,
    ColumnDrift,
    Curve,
    DecayAnswer,
    ExtinctionAnswer,
    FigureName,
    GuardAction,
    Interval,
    Section,
    StudyResult,
    StudySettings,
    VarianceParts,
)

GENERATIONS = 10
SYNTHESIZERS = ("gaussian_copula", "tvae(epochs=60)", "independent", "resampler")
REGIMES = ("replace", "accumulate", "fresh_mix(0.1)")
COLUMNS = (
    *("cancer_type", "education", "hba1c", "blood_lead", "poverty_ratio", "sleep_hours", "waist_cm", "bmi"),
    *("weight_kg", "height_cm", "systolic_bp", "diastolic_bp", "total_cholesterol", "hdl_cholesterol"),
    *("age", "diabetes_age", "bedtime", "ethnicity", "marital_status", "insured", "sex", "diabetes"),
    *("ever_smoked", "general_health", "depression", "arthritis"),
)
HOSTILE = (
    "<script>alert(1)</script>",
    "\u202egnp.exe\u2066",
    '"><img src=x onerror=alert(2)>',
    "x" * 80,
    "{{ 7 * 7 }}",
    "دواء \u200f السكري",
)
STATEMENTS = {
    "replace": "Generation 1 learns the original rows; later generations touch no real row.",
    "accumulate": "Every generation learns all original rows again.",
    "fresh_mix(0.1)": "Each generation after the first learns new real rows, 10% of n, that no other "
    "generation of its chain touches.",
}


@dataclass(frozen=True)
class _Metric:
    """How one figure behaves: fresh real data, chance, and what one generation of resampling adds."""

    section: Section
    name: str
    label: str
    floor: float | None
    chance: float | None
    step: float


METRICS = (
    _Metric(Section.MARGINAL, "tvd", "total variation distance", 0.041, 0.62, 0.006),
    _Metric(Section.MARGINAL, "ks", "Kolmogorov-Smirnov distance", 0.028, 0.41, 0.005),
    _Metric(Section.MARGINAL, "missing_rate", "difference of missing rates", 0.006, None, 0.001),
    _Metric(Section.TAILS, "tail_mass", "relative difference of tail mass", 0.11, 1.0, 0.015),
    _Metric(Section.ASSOCIATION, "interaction_tvd", "five-bin interaction distance", 0.052, 0.18, 0.004),
    _Metric(Section.ASSOCIATION, "cramers_v", "difference of Cramér's V", 0.02, 0.11, 0.002),
    _Metric(Section.ASSOCIATION, "missingness", "dependence of missing values", 0.0065, 0.012, 0.0006),
    _Metric(Section.ASSOCIATION, "spearman", "difference of Spearman correlations", 0.032, 0.145, 0.004),
    _Metric(Section.RARE, "levels_lost", "rare categories lost since generation 0", 0.0, 1.0, 0.022),
    _Metric(Section.RARE, "rare_share", "values on rare categories, per row", None, None, 0.0001),
    _Metric(Section.RARE, "joint_cells_lost", "rare pairs of values lost", None, None, 0.03),
    _Metric(Section.SCHEMA, "outside_domain", "rows outside the schema's domain", None, None, 0.0),
    _Metric(Section.SCHEMA, "broken_rules", "rows that break a rule", None, None, 0.0),
)
AUDITED = (
    ("utility", "calibrated", 0.98, 0.03),
    ("detection", "calibrated", 0.7, 0.05),
    *(("utility", name, 0.6, 0.02) for name in ("coefficient_overlap diabetes", "query_count p95")),
    *(("utility", f"tstr {model} diabetes", 0.78, 0.04) for model in ("logistic", "forest", "boosting")),
    *(("detection", f"c2st_auc{about}", 0.61, 0.02) for about in ("", " age", " ethnicity", " bmi")),
    *(("detection", name, 1.5, 0.1) for name in ("pmse_ratio", "pmse_tree_ratio")),
    *(
        ("privacy", f"attribute_inference{kind} {target}", 0.7, 0.0)
        for kind in ("", "_all_known", "_rarest")
        for target in ("insured", "diabetes", "diabetes_age", "heart_attack", "stroke", "cancer_type")
    ),
    *(("privacy", f"membership_auc{kind}", 0.51, 0.0) for kind in ("", "_k5", "_logan", "_gan_leaks")),
    *(
        ("privacy", name, 0.1, 0.0)
        for name in (
            "exact_copies",
            "near_copies",
            "linkability",
            "singling_out_one",
            "singling_out_several",
            "k_map_unique",
            "k_map_small",
            "homogeneity",
            "isolated_ratio",
            "dcr_share",
            "nndr",
            "rare_values_shared",
            "epsilon_lower_bound",
            "blind_auc",
        )
    ),
)
"""Section, metric, first value, and what a generation at pace 1 takes away."""
_MISFIT = {"gaussian_copula": 0.45, "tvae(epochs=60)": 0.25, "independent": 0.98, "resampler": 0.02}
_PACE = {"gaussian_copula": 0.8, "tvae(epochs=60)": 2.6, "independent": 1.4, "resampler": 1.0}
_DAMP = {"replace": 1.0, "accumulate": 0.3, "fresh_mix(0.1)": 0.55}


def _grown(regime: str, step: float, generation: int) -> float:
    """Give what drift has added by a generation: linear, logarithmic, or levelling off."""
    damp = _DAMP.get(regime, 1.0)
    if regime == "accumulate":
        return step * 2 * damp * math.log1p(generation)
    return step * 6 * (1 - math.exp(-damp * generation / 6))


def _curve(rng: random.Random, item: _Metric, synthesizer: str, regime: str, generations: int) -> Curve:
    base = item.floor or item.step
    misfit, pace = _MISFIT.get(synthesizer, 0.3), _PACE.get(synthesizer, 1.0)
    weight = 1.0 if item.section is Section.ASSOCIATION else 0.25
    gap = ((item.chance or 6 * base) - base) * misfit * weight
    null = [base + _grown(regime, item.step, g) for g in range(1, generations + 1)]
    mean = [
        min(
            base + gap + pace * _grown(regime, item.step, g) + rng.gauss(0, item.step / 6),
            item.chance or math.inf,
        )
        for g in range(1, generations + 1)
    ]
    half = [0.35 * item.step + 0.03 * value for value in null]
    has_null = item.section is not Section.SCHEMA
    return Curve(
        section=item.section,
        metric=item.name,
        label=item.label,
        mean=tuple(mean),
        low=tuple(value - 1.1 * side for value, side in zip(mean, half, strict=True)),
        high=tuple(value + 1.1 * side for value, side in zip(mean, half, strict=True)),
        null_mean=tuple(null) if has_null else (),
        null_low=tuple(v - s for v, s in zip(null, half, strict=True)) if has_null else (),
        null_high=tuple(v + s for v, s in zip(null, half, strict=True)) if has_null else (),
        floor=item.floor,
        chance=item.chance,
        excess=Interval(mean[-1] - null[-1], mean[-1] - null[-1] - half[-1], mean[-1] - null[-1] + half[-1]),
        p_drift=(0.41 if synthesizer == "resampler" else 0.0004) if has_null else None,
    )


def _decay(curve: Curve, synthesizer: str) -> DecayAnswer:
    floor, chance = curve.floor or 0.0, curve.chance or 1.0

    def relative(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
        return tuple(None if v is None else (chance - v) / (chance - floor) for v in values)

    own = relative(curve.mean)
    first = own[0] or 0.0
    answer = DecayAnswer(
        curve.section,
        curve.metric,
        own,
        relative(curve.null_mean),
        curve.excess,
        curve.p_drift,
        Interval(1 - first, 1 - first - 0.02, 1 - first + 0.02),
        "none",
        0.62,
        Interval(None, 12.0, None),
        23.0,
        Interval(),
        "steady",
    )
    if synthesizer == "tvae(epochs=60)":
        return replace(
            answer,
            direction="decay",
            p_change=0.0002,
            half_life=Interval(3.1, 2.2, 5.4),
            halving_low=None,
            plateau=Interval(0.31, 0.2, 0.4),
            shape="levelling",
        )
    if synthesizer == "resampler":
        return replace(answer, direction="decay", p_change=0.001, half_life=Interval(None, 12.4, None))
    if synthesizer == "independent" and curve.metric == "tvd":
        return replace(
            answer,
            direction="decay",
            p_change=0.003,
            half_life=Interval(),
            halving_low=None,
            shape="accelerating",
        )
    return answer


def _extinction(regime: str, synthesizer: str, generations: int) -> tuple[ExtinctionAnswer, ...]:
    found = []
    for least, most, levels in ((1, 1, 17), (2, 4, 23), (5, 9, 12), (10, 20, 9), (21, 50, 2)):
        null = [math.exp(-least * 2.4 / (1 + _DAMP.get(regime, 1.0) * g)) for g in range(1, generations + 1)]
        lost = [min(1.0, 0.8 * value * _PACE.get(synthesizer, 1.0)) for value in null]
        found.append(
            ExtinctionAnswer(
                least,
                most,
                levels,
                tuple(lost),
                tuple(max(0.0, value - 0.07) for value in lost),
                tuple(min(1.0, value + 0.07) for value in lost),
                tuple(null),
            )
        )
    return tuple(found)


def _arm(
    synthesizer: str, regime: str, generations: int = GENERATIONS, columns: tuple[str, ...] = COLUMNS
) -> Arm:
    # a string seed is the same in every process
    rng = random.Random(f"{synthesizer} {regime}")  # noqa: S311 - a simulation
    curves = tuple(_curve(rng, item, synthesizer, regime, generations) for item in METRICS)
    families = ("tvd", "interaction_tvd", "tail_mass", "levels_lost")
    pace = _PACE.get(synthesizer, 1.0)
    ratios = [max(0.05, rng.gauss(1 / pace, 0.12)) for _ in columns]
    damp = _DAMP.get(regime, 1.0)
    steps = [_grown(regime, 0.003, g) for g in range(1, generations + 1)]
    real = {"accumulate": (3_316, 0), "fresh_mix(0.1)": (0, 332)}.get(regime, (0, 0))
    return Arm(
        synthesizer=synthesizer,
        regime=regime,
        sentence=f"more rare levels lost than by finite sampling: {60 * damp:.0f} %, resampling 43 % "
        f"(p < 0.001) (N_e/n {1 / pace:.2f} [{0.9 / pace:.2f}, {1.1 / pace:.2f}]); no decay of marginals "
        "detectable in 10 generations; the first fit keeps 61 % of the dependence of fresh real data",
        statement=STATEMENTS.get(regime, "Each generation learns what its score keeps."),
        chains=10,
        curves=curves,
        decays=tuple(_decay(c, synthesizer) for c in curves if c.metric in families),
        drift=(
            ColumnDrift("", Interval(1 / pace, 0.9 / pace, 1.1 / pace)),
            *(
                ColumnDrift(name, Interval(ratio, 0.82 * ratio, 1.24 * ratio))
                for name, ratio in zip(columns, ratios, strict=True)
            ),
        ),
        rare_direction=Interval(-0.004, -0.007, -0.001),
        rare_z=-2.6,
        rare_p=0.012,
        extinction=_extinction(regime, synthesizer, generations),
        parts=VarianceParts(
            tuple(0.02 * _MISFIT.get(synthesizer, 0.3) + 0.2 * step for step in steps),
            tuple(pace * step for step in steps),
            tuple(0.0002 + 0.0 * step for step in steps),
        ),
        audits=tuple(
            AuditCurve(
                section,
                name,
                (1, generations) if generations > 1 else (1,),
                tuple(value - pace * loss * late for late in range(min(generations, 2))),
                tuple(value - pace * loss * late - 0.0312 for late in range(min(generations, 2))),
                tuple(value - pace * loss * late + 0.0312 for late in range(min(generations, 2))),
            )
            for section, name, value, loss in AUDITED
        ),
        original_rows=(3_316, *(real[0] for _ in range(generations - 1))),
        fresh_rows=(0, *(real[1] for _ in range(generations - 1))),
        costs=ArmCosts(
            4.2 * pace**2, 0.4, 1.9, 4.2 * pace**2 + 2.6, (4.2 * pace**2 + 2.3) * generations * 10 / 3600 * 15
        ),
    )


def _settings(generations: int = GENERATIONS) -> StudySettings:
    return StudySettings(
        generations=generations,
        seeds=tuple(range(10)),
        rows=3_316,
        growth=3_316,
        measured=20_000,
        original_rows=3_316,
        holdout_rows=1_580,
        pool_rows=369,
        verifier_rows=0,
        columns=26,
        rare_levels=61,
        null_chains=500,
        guard=10,
        watts=15.0,
        table="NHANES adults",
        versions=(("synthtab", "0.1.0"), ("numpy", "2.1.3"), ("sdv", "1.17.2")),
    )


def nhanes_study() -> StudyResult:
    """Make a study of four synthesizers in three regimes over ten generations."""
    return StudyResult(
        settings=_settings(),
        arms=tuple(_arm(s, regime) for regime in REGIMES for s in SYNTHESIZERS),
        figures=tuple(FigureName(m.section, m.name, (), m.floor, m.chance) for m in METRICS),
        guard=(
            GuardAction("cancer_type", "17 levels of fewer than 10 rows each were pooled into one"),
            GuardAction("age", "values beyond the 10th largest were cut to it"),
        ),
        guard_cost=0.00321,
        notes=("The pool holds 369 rows: fresh_mix(0.1) uses 332 a generation.",),
    )


def troubled_study() -> StudyResult:
    """Make a study in which much is missing: a failed arm, a regime without a null, figures of None."""
    nullless = _arm("tvae(epochs=60)", "curate(validity, 0.5)")
    nullless = replace(
        nullless,
        sentence="40 % of the rare levels lost; no drift null for this regime",
        curves=tuple(
            replace(c, null_mean=(), null_low=(), null_high=(), excess=Interval(), p_drift=None)
            for c in nullless.curves
        ),
        decays=tuple(replace(d, null_relative=(), excess=Interval(), p_drift=None) for d in nullless.decays),
        extinction=tuple(replace(e, predicted=()) for e in nullless.extinction),
        rare_p=None,
        parts=None,
        chains=7,
        failures=("SynthesizerError: The loss was not a number.", "Timeout"),
    )
    holes = _arm("gaussian_copula", "curate(validity, 0.5)")
    holes = replace(
        holes,
        curves=tuple(
            replace(
                c,
                mean=(None, *c.mean[1:4], None, *c.mean[5:]),
                low=tuple(None for _ in c.low),
                high=tuple(None for _ in c.high),
            )
            for c in holes.curves
            if c.metric != "tvd"
        ),
        decays=tuple(
            replace(
                d,
                relative=(None, *d.relative[1:-1], None),
                half_life=Interval(),
                halving_low=None,
                p_change=None,
                misfit=Interval(),
            )
            for d in holes.decays
        ),
        drift=(ColumnDrift("", Interval()), ColumnDrift("age", Interval(None, 0.4, None))),
        extinction=(),
        parts=VarianceParts((None,), (0.1,), (-0.001,)),
        audits=(),
        original_rows=(),
        fresh_rows=(),
        costs=None,
    )
    failed = Arm(
        "ctgan",
        "replace",
        "no chain was finished: SynthesizerError: The loss was not a number.",
        STATEMENTS["replace"],
        0,
        ("SynthesizerError: The loss was not a number.",),
    )
    return replace(
        nhanes_study(),
        arms=(failed, nullless, holes, _arm("resampler", "replace")),
        guard=(),
        guard_cost=0.0,
        notes=("curate(validity, 0.5) has no drift null: its score judges real against synthetic rows.",),
        settings=replace(_settings(), seeds=(3,), null_chains=0, guard=0),
    )


def empty_study() -> StudyResult:
    """Make a study of which nothing was finished."""
    failed = Arm("ctgan", "replace", "no chain was finished: Timeout", "", 0, ("Timeout",))
    return StudyResult(replace(_settings(), rare_levels=0, versions=(), table=""), (failed,), ())


def short_study() -> StudyResult:
    """Make a study of a single generation of two synthesizers."""
    arms = tuple(_arm(s, "replace", 1) for s in SYNTHESIZERS[:2])
    return replace(nhanes_study(), arms=arms, settings=_settings(1))


def hostile_study() -> StudyResult:
    """Make a study whose every text is an attack on the page, or on its reader."""
    regimes = ("replace", HOSTILE[0], HOSTILE[1])
    arms = tuple(
        replace(
            _arm(synthesizer, regime, 4, HOSTILE),
            sentence=f"lost by {HOSTILE[2]}",
            statement=f"touches {HOSTILE[0]}",
            failures=(HOSTILE[0], HOSTILE[3]),
            audits=(AuditCurve(HOSTILE[0], HOSTILE[2], (1,), (0.5,), (None,), (None,)),),
        )
        for regime in regimes
        for synthesizer in (*HOSTILE, "resampler")
    )
    arms = tuple(
        replace(
            arm,
            curves=tuple(replace(c, label=HOSTILE[n % 6], metric=c.metric) for n, c in enumerate(arm.curves)),
        )
        for arm in arms
    )
    settings = replace(_settings(4), table=HOSTILE[0], versions=((HOSTILE[0], HOSTILE[1]),))
    return replace(
        nhanes_study(),
        settings=settings,
        arms=arms,
        guard=(GuardAction(HOSTILE[0], HOSTILE[2]),),
        notes=HOSTILE,
    )


def named_study(texts: tuple[str, ...]) -> StudyResult:
    """Make a study whose every text is one of these: each names an arm, a regime, a column and a figure."""
    plain = _arm("tvae(epochs=60)", "fresh_mix(0.1)", 3, texts)

    def named(place: int) -> str:
        return texts[place % len(texts)]

    arms = tuple(
        replace(
            plain,
            synthesizer=text,
            regime=named(place + 1),
            sentence=named(place + 2),
            statement=named(place + 3),
            failures=(named(place + 4), named(place + 5)),
            curves=tuple(replace(c, label=named(place + n)) for n, c in enumerate(plain.curves)),
            audits=tuple(
                replace(audit, section=named(n), metric=named(n + 1)) if n % 5 == 0 else audit
                for n, audit in enumerate(plain.audits)
            ),
        )
        for place, text in enumerate(texts)
    )
    dead = tuple(
        Arm(text, named(place + 1), named(place + 2), named(place + 3), 0, (named(place + 4),))
        for place, text in enumerate(texts, 3)
    )
    return replace(
        nhanes_study(),
        settings=replace(_settings(3), table=named(0), versions=tuple((text, text) for text in texts)),
        arms=(*arms, *dead),
        guard=tuple(GuardAction(text, named(place + 1)) for place, text in enumerate(texts)),
        notes=texts,
    )
