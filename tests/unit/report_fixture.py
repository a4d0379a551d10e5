"""A rich audit made by hand, with numbers such as NHANES gives: what the tests of the report draw."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist

from synthtab.results import (
    AssociationMatrix,
    Attack,
    AuditResult,
    Cell,
    Check,
    ContextAnswer,
    Distribution,
    FamilyScore,
    GuardAction,
    Provenance,
    RareGroup,
    Score,
    Section,
    Status,
    Verdict,
)
from synthtab.results.shown import AssociationChange, LogicRule, ModelComparison, RareBand, Subgroup

N_REAL, N_HOLDOUT = 3_685, 1_580
UNPRINTABLE = 0.777123
"""Value of every score that may not be printed."""


@dataclass(frozen=True)
class _Number:
    """A number column: where real values lie, and how the synthetic ones drifted."""

    name: str
    units: str
    center: float
    spread: float
    step: float
    missing: float = 0.0
    is_log: bool = False
    drift: float = 0.0
    ratio: float = 1.02
    kind: str = "numeric"


_NUMBERS = (
    _Number("hba1c", "%", 1.72, 0.17, 0.25, 0.061, is_log=True, drift=0.03, ratio=1.5),
    _Number("blood_lead", "µg/dL", -0.05, 0.68, 0.25, 0.093, is_log=True, drift=0.06, ratio=1.22),
    _Number("poverty_ratio", "ratio to the poverty line", 2.5, 1.1, 0.25, 0.135, ratio=0.9),
    _Number("sleep_hours", "hours", 7.6, 1.6, 0.5, 0.007, ratio=1.1),
    _Number("waist_cm", "cm", 100.0, 16.8, 4, 0.101, drift=0.5),
    _Number("bmi", "kg/m²", 3.36, 0.23, 2, 0.062, is_log=True, ratio=1.05),
    _Number("weight_kg", "kg", 4.39, 0.25, 5, 0.058, is_log=True),
    _Number("height_cm", "cm", 166.6, 10.1, 2.5, 0.057, ratio=1.0),
    _Number("systolic_bp", "mmHg", 4.83, 0.15, 5, 0.11, is_log=True, kind="integer"),
    _Number("diastolic_bp", "mmHg", 72.6, 12.4, 4, 0.11, drift=0.2, kind="integer"),
    _Number("total_cholesterol", "mg/dL", 5.22, 0.22, 10, 0.087, is_log=True, kind="integer"),
    _Number("hdl_cholesterol", "mg/dL", 3.94, 0.28, 5, 0.087, is_log=True, kind="integer"),
    _Number("age", "years", 51.0, 15.6, 4, drift=0.4, kind="integer"),
    _Number("diabetes_age", "years", 50.5, 15.3, 5, 0.857, drift=1.0, ratio=1.05, kind="integer"),
    _Number("bedtime", "hours after noon", 10.9, 1.7, 0.5, 0.012, drift=0.05),
)

_CANCERS = (0.31, 0.17, 0.16, 0.09, 0.07, 0.06, 0.05, 0.04, None, 0.026, 0.024)
_CANCER_NAMES = (
    *("Skin, non-melanoma", "Breast", "Prostate", "Skin, kind unknown", "Cervix", "Melanoma", "Colon"),
    *("Uterus", "Lymphoma, Hodgkin's disease", "Thyroid", "rarer levels"),
)
_LABELS: tuple[tuple[str, str, float, float, Mapping[str, float | None]], ...] = (
    ("cancer_type", "categorical", 0.893, 0.3, dict(zip(_CANCER_NAMES, _CANCERS, strict=True))),
    (
        *("education", "ordinal", 0.001, 0.05),
        {"Less than 9th grade": 0.085, "9th to 11th grade": 0.115, "High school or GED": 0.238}
        | {"Some college": 0.323, "College graduate": 0.239},
    ),
    (
        *("ethnicity", "categorical", 0.0, 0.04),
        {"Non-Hispanic White": 0.349, "Non-Hispanic Black": 0.232, "Non-Hispanic Asian": 0.141}
        | {"Mexican American": 0.131, "Other Hispanic": 0.094, "Other or multi-racial": 0.053},
    ),
    (
        *("marital_status", "categorical", 0.001, 0.03),
        {"Married or with partner": 0.594, "Never married": 0.18, "Divorced or separated": 0.15}
        | {"Widowed": 0.076},
    ),
    (
        *("general_health", "ordinal", 0.112, 0.03),
        {"Excellent": 0.1, "Very good": 0.26, "Good": 0.36, "Fair": 0.22, "Poor": 0.06},
    ),
    ("diabetes", "categorical", 0.001, 0.05, {"No": 0.82, "Yes": 0.15, "Borderline": 0.03}),
    ("sex", "categorical", 0.0, 0.005, {"Female": 0.517, "Male": 0.483}),
    ("insured", "boolean", 0.003, 0.01, {"yes": 0.866, "no": 0.134}),
    ("ever_smoked", "boolean", 0.001, 0.01, {"no": 0.58, "yes": 0.42}),
    ("heart_attack", "boolean", 0.003, 0.01, {"no": 0.955, "yes": 0.045}),
    ("stroke", "boolean", 0.002, 0.01, {"no": 0.953, "yes": 0.047}),
)


def _noise(share: float) -> float:
    return round(1.96 * math.sqrt(share * (1 - share) / N_HOLDOUT), 3)


def _missing_cell(share: float) -> tuple[Cell, ...]:
    return (Cell("missing", share, round(share * 1.02, 3), _noise(share)),) if share else ()


def _number_cells(column: _Number, dice: random.Random) -> tuple[Cell, ...]:
    """Cut a number column into bars of equal width, open at both ends."""
    real = NormalDist(column.center, column.spread)
    synthetic = NormalDist(column.center + column.drift, column.spread * column.ratio)
    forth, back = (math.exp, math.log) if column.is_log else (float, float)
    first, last = (round(forth(real.inv_cdf(share)) / column.step) for share in (0.01, 0.99))
    edges = [column.step * place for place in range(max(first, 1) if column.is_log else first, last + 1)]
    cuts = [[0.0, *(side.cdf(back(edge)) for edge in edges), 1.0] for side in (real, synthetic)]
    words = [f"{edge:g}" for edge in edges]
    labels = [f"under {words[0]}", *(f"{a} to {b}" for a, b in pairwise(words)), f"{words[-1]} and over"]
    cells = []
    for label, low, high in zip(labels, *(list(pairwise(cut)) for cut in cuts), strict=True):
        share, drawn = low[1] - low[0], high[1] - high[0]
        drawn = max(drawn + dice.gauss(0, _noise(share) / 3), 0.0)
        cells.append(Cell(label, round(share, 3), round(drawn, 3), _noise(share)))
    return (*cells, *_missing_cell(column.missing))


def _label_cells(levels: Mapping[str, float | None], missing: float, drift: float) -> tuple[Cell, ...]:
    cells = []
    for place, (label, share) in enumerate(levels.items()):
        if share is None:
            cells.append(Cell(label, None, 0.012, 0.0))
        else:
            moved = share * (1 + drift * (1, -1, 0.5, -0.5)[place % 4])
            cells.append(Cell(label, share, round(moved, 3), _noise(share)))
    return (*cells, *_missing_cell(missing))


def _distributions() -> tuple[Distribution, ...]:
    dice = random.Random(7)  # noqa: S311 - numbers to draw, not to guard
    known = {
        "hba1c": (0.118, Status.FAIL),
        "cancer_type": (0.064, Status.WARN),
        "blood_lead": (0.059, Status.WARN),
    }
    drawn = [(item.name, item.kind, item.units, _number_cells(item, dice)) for item in _NUMBERS]
    drawn += [(name, kind, "", _label_cells(levels, gap, off)) for name, kind, gap, off, levels in _LABELS]
    made = []
    for name, kind, units, cells in drawn:
        score, status = known.get(name, (round(dice.uniform(-0.004, 0.024), 4), Status.PASS))
        low, high = round(score - 0.012, 4), round(score + 0.014, 4)
        made.append(Distribution(name, kind, units, cells, score, low, high, status))
    made.sort(key=lambda item: -(item.score or 0.0))
    made[-2] = replace(made[-2], score=None, low=None, high=None, score_suppressed=True)
    return tuple(made)


def _checks() -> tuple[Check, ...]:
    ok, fails, warns = Status.PASS, Status.FAIL, Status.WARN
    up, down = True, False
    schema, margin, pairs, rare = Section.SCHEMA, Section.MARGINAL, Section.ASSOCIATION, Section.RARE
    use, privacy = Section.UTILITY, Section.PRIVACY
    # code, section, name, status, value, low, high, threshold, at least, reference, p, smallest seen
    asked: tuple[tuple[object, ...], ...] = (
        ("STB001", schema, "categories as declared", ok, 1.0, None, None, 1.0, up, 1.0, None, None),
        ("STB002", schema, "rules between columns", ok, 0.0, 0.0, 0.001, 0.001, down, 0.0, None, 0.001),
        ("STB101", margin, "marginals, all columns", ok, 0.984, 0.978, 0.99, 0.98, up, 1.0, 0.21, 0.011),
        ("STB102", margin, "missing rates", ok, 0.991, 0.986, 0.996, 0.95, up, 1.0, 0.4, 0.014),
        ("STB104", margin, "worst single column", fails, 0.118, 0.106, 0.132, 0.1, down, 0.0, 0.001, 0.028),
        ("STB201", pairs, "all pairs", warns, 0.846, 0.829, 0.863, 0.8, up, 1.0, 0.001, 0.04),
        ("STB202", pairs, "worst single pair", ok, 0.038, 0.03, 0.047, 0.05, down, 0.0, 0.06, 0.021),
        ("STB301", rare, "rare categories kept", fails, 0.58, 0.49, 0.66, 0.75, up, 0.97, 0.0004, 0.09),
        ("STB302", rare, "mass of rare categories", ok, 0.91, 0.74, 1.09, 0.5, up, 1.0, 0.31, 0.19),
        ("STB303", rare, "levels invented", ok, 0.0, 0.0, 0.001, 0.001, down, 0.0, None, 0.001),
        ("STB401", Section.TAILS, "tails, both sides", ok, 0.88, 0.8, 0.96, 0.5, up, 1.0, 0.09, 0.13),
        ("STB501", use, "diabetes, boosted trees", warns, 0.912, 0.87, 0.954, 0.9, up, 1.0, 0.008, 0.21),
        ("STB502", use, "diabetes, linear model", ok, 0.961, 0.93, 0.992, 0.9, up, 1.0, 0.12, 0.06),
        ("STB601", Section.DETECTION, "AUC", ok, 0.642, 0.621, 0.663, 0.65, down, 0.501, 0.001, 0.032),
        ("STB801", privacy, "exact copies", ok, 0.0, 0.0, 0.001, None, down, 0.0, 0.62, 0.002),
        ("STB802", privacy, "membership inference", ok, 0.503, 0.49, 0.516, None, down, 0.5, 0.34, 0.005),
        ("STB803", privacy, "DCR share", Status.NOTE, 0.702, 0.687, 0.717, None, down, 0.7, None, None),
        ("STB804", privacy, "training told from holdout", Status.NOTE, 0.51, 0.49, 0.53, None, down, 0.5),
        ("STB805", privacy, "attribute inference", ok, 0.841, 0.829, 0.852, None, down, 0.843, 1.0, 0.021),
        ("STB806", privacy, "linkability", ok, None, None, None, None, down, None, 1.0, 0.008),
        ("STB807", privacy, "singling out", ok, 0.202, 0.169, 0.239, None, down, 0.192, 1.0, 0.118),
        ("STB808", privacy, "quasi-identifier cells", Status.NOT_APPLICABLE),
        ("STB809", privacy, "single people", ok, None, None, None, None, down, None, 1.0, 0.0003),
        ("STB810", privacy, "values that few hold", ok, None, None, None, None, down, None, 1.0, 0.0003),
        ("STB811", privacy, "lower bound of epsilon", Status.NOTE, 0.0, None, None, None, down, 0.0),
    )
    said: dict[str, tuple[str, str, tuple[str, ...]]] = {
        "STB104": (
            "hba1c is too smooth: the heaped values near 5.5 are spread out, and the right tail is too thin.",
            "Give hba1c a quantile or truncated marginal.",
            ("hba1c",),
        ),
        "STB201": (
            "Significantly below fresh real data, within the margin.",
            "Nothing must be done; a tree-based synthesizer keeps more.",
            ("diabetes", "hba1c", "diabetes_age", "age", "bmi"),
        ),
        "STB202": ("", "", ("diabetes", "hba1c")),
        "STB301": (
            "Eleven of the rarest kinds of cancer_type have no synthetic row.",
            "Condition on cancer_type, or pool its rarest kinds in the schema.",
            ("cancer_type",),
        ),
        "STB501": (
            "The smallest shortfall it could have seen exceeds twice the margin.",
            "Audit with a larger holdout.",
            ("diabetes",),
        ),
        "STB801": ("No training rows stand in the synthetic table word for word.", "", ()),
        "STB802": ("The best of 4 attacks tells training rows no better than exchanged labels.", "", ()),
        "STB803": (
            "Descriptive only: copies of one row in twenty move it by less than its interval.",
            "",
            (),
        ),
        "STB804": ("Training and holdout rows cannot be told apart by themselves.", "", ()),
        "STB808": ("Not applicable: the schema names fewer than two quasi-identifiers.", "", ()),
        "STB809": ("No synthetic row lies beside somebody who stands alone (p = 1).", "", ()),
        "STB810": ("Rare levels stand in it as often as those of others would (p = 1).", "", ()),
        "STB811": (
            "The lower bound is 0. 0 is not evidence of privacy: this design sees 3.58 at most.",
            "",
            (),
        ),
    }
    checks = [Check(*row) for row in asked]  # type: ignore[arg-type]
    return tuple(
        replace(check, reason=reason, remedy=remedy, columns=columns)
        for check in checks
        for reason, remedy, columns in [said.get(check.code, ("", "", ()))]
    )


def _families() -> tuple[FamilyScore, ...]:
    s, why = Section, "The schema declares no rule that chance would break."
    return (
        FamilyScore(s.MARGINAL, "Marginals", 0.984, 0.978, 0.990, 0.96, 1.04, Status.FAIL),
        FamilyScore(s.ASSOCIATION, "Associations", 0.846, 0.829, 0.863, 0.955, 1.045, Status.WARN),
        FamilyScore(s.RARE, "Rare categories", 0.58, 0.49, 0.66, 0.91, 1.09, Status.FAIL),
        FamilyScore(s.TAILS, "Tails", 0.88, 0.80, 0.96, 0.85, 1.15, Status.PASS),
        FamilyScore(s.UTILITY, "Utility: boosted trees", 0.912, 0.87, 0.954, 0.89, 1.11, Status.WARN),
        FamilyScore(s.UTILITY, "Utility: linear model", 1.31, 1.12, 1.5, 0.8, 1.2, Status.PASS),
        FamilyScore(s.DETECTION, "Detection", -0.21, -0.3, -0.12, 0.93, 1.07, Status.WARN),
        FamilyScore(s.SCHEMA, "Rules", None, None, None, None, None, Status.NOT_APPLICABLE, why),
    )


def _rare() -> tuple[RareGroup, ...]:
    return (
        RareGroup("cancer_type: Breast", 1, 62, 58, 44, 75, Status.PASS),
        RareGroup("cancer_type: Prostate", 1, 60, 66, 51, 84, Status.PASS),
        RareGroup("cancer_type: Melanoma", 1, 22, 19, 11, 30, Status.PASS),
        RareGroup("cancer_type: Lymphoma, Hodgkin's disease", 1, 12, 9, 4.1, 17, Status.PASS),
        RareGroup("6 levels of 5 to 9 people, pooled", 6, 41, 22, 14, 33, Status.WARN),
        RareGroup("11 rarest levels, pooled", 11, 24, 0, 0, 3.7, Status.FAIL),
    )


def _bands() -> tuple[RareBand, ...]:
    return (
        RareBand("1 training row", 9, 1.3, 3.4, 0.31, 0.04, 1.12, Status.WARN),
        RareBand("2 to 5", 14, 3.8, 11.6, 0.38, 0.22, 0.61, Status.FAIL),
        RareBand("6 to 10", 8, 7, 7.9, 0.82, 0.6, 1.1, Status.PASS),
        RareBand("11 to 20", 11, 11, 11, 1.04, 0.88, 1.23, Status.PASS),
        RareBand("21 to 50", 6, 6, 6, 0.99, 0.9, 1.08, Status.PASS),
    )


def _changes() -> tuple[AssociationChange, ...]:
    rank, nominal = "Spearman's correlation", "Cramér's V"
    return (
        AssociationChange("height_cm", "sex", "lost", nominal, 0.71, 0.04, -0.7, -0.64),
        AssociationChange("sleep_hours", "bedtime", "reversed", rank, -0.22, 0.17, 0.35, 0.43),
        AssociationChange("diabetes", "diabetes_age", "lost", nominal, 0.34, 0.03, -0.35, -0.27),
        AssociationChange("blood_lead", "ethnicity", "invented", nominal, 0.02, 0.25, 0.19, 0.27),
        AssociationChange("hba1c", "diabetes", "weakened", nominal, 0.58, 0.39, -0.23, -0.15),
        AssociationChange("hdl_cholesterol", "bmi", "weakened", rank, -0.31, -0.15, 0.12, 0.2),
        AssociationChange("poverty_ratio", "insured", "strengthened", nominal, 0.24, 0.37, 0.09, 0.17),
    )


def _logic() -> tuple[LogicRule, ...]:
    fails, ok = Status.FAIL, Status.PASS
    age, lead = ("diabetes_age", "age"), ("diabetes", "diabetes_age")
    told: tuple[tuple[str, str, tuple[str, ...], int, float, float, float | None, Status], ...] = (
        (
            "diabetes_age has a value only where diabetes is Yes",
            "missing together",
            lead,
            530,
            1,
            0.117,
            0,
            fails,
        ),
        ("diabetes_age ≤ age", "order", age, 520, 1, 0.071, 0.0, fails),
        (
            *("never: cancer_type is Prostate and sex is Female", "never together", ("cancer_type", "sex")),
            *(2_100, 1.0, 0.012, None, Status.WARN),
        ),
        (
            "diastolic_bp < systolic_bp",
            "order",
            ("diastolic_bp", "systolic_bp"),
            3_280,
            0.9997,
            0.004,
            0.001,
            ok,
        ),
        (
            "bmi = weight_kg / height_cm²",
            "schema",
            ("bmi", "weight_kg", "height_cm"),
            3_430,
            0.999,
            0.002,
            0.001,
            ok,
        ),
    )
    rules = [
        LogicRule(text, kind, names, n, sure, broken, broken * 0.9, broken * 1.1, floor, status)
        for text, kind, names, n, sure, broken, floor, status in told
    ]
    measured = (
        "waist_cm",
        "bmi",
        "weight_kg",
        "height_cm",
        "systolic_bp",
        "diastolic_bp",
        "hba1c",
        "blood_lead",
    )
    rules += [
        LogicRule(
            f"{a} and {b} are missing together", "missing together", (a, b), 340, 0.98, 0, 0, 0.001, 0.001, ok
        )
        for a, b in pairwise(measured)
    ]
    return tuple(rules)


def _subgroups() -> tuple[Subgroup, ...]:
    # column, level, share, excess, TSTR, TRTR
    told: tuple[tuple[str, str, float, float | None, float | None, float | None], ...] = (
        ("diabetes", "Borderline", 0.03, 0.094, None, None),
        ("ethnicity", "Other or multi-racial", 0.053, 0.067, 0.741, 0.802),
        ("age", "70 and over", 0.18, 0.052, 0.688, 0.759),
        ("diabetes", "Yes", 0.15, 0.041, None, None),
        ("ethnicity", "Non-Hispanic Asian", 0.141, 0.038, 0.79, 0.82),
        ("age", "20 to 29", 0.16, 0.03, 0.8, 0.81),
        ("ethnicity", "Mexican American", 0.131, 0.012, 0.801, 0.812),
        ("sex", "Male", 0.483, 0.009, 0.816, 0.831),
        ("sex", "Female", 0.517, 0.006, 0.821, 0.829),
        ("diabetes", "No", 0.82, 0.002, None, None),
        ("age", "30 to 69", 0.66, -0.001, 0.812, 0.825),
        ("ethnicity", "Non-Hispanic White", 0.349, -0.004, 0.83, 0.833),
        ("ethnicity", "Non-Hispanic Black", 0.232, -0.006, 0.824, 0.826),
        ("ethnicity", "Other Hispanic", 0.094, None, None, None),
    )
    grades = ((0.06, Status.FAIL), (0.035, Status.WARN), (-1.0, Status.PASS))
    return tuple(
        Subgroup(
            *(column, level, share, excess),
            *((None, None) if excess is None else (round(excess - 0.016, 4), round(excess + 0.016, 4))),
            *(tstr, trtr, "auc" if tstr else ""),
            Status.NOT_APPLICABLE if excess is None else next(s for least, s in grades if excess > least),
        )
        for column, level, share, excess, tstr, trtr in told
    )


def _models() -> tuple[ModelComparison, ...]:
    ok, warns, fails = Status.PASS, Status.WARN, Status.FAIL
    trees, linear, near = "boosted trees", "linear model", "nearest neighbours"
    return (
        ModelComparison(
            "diabetes", trees, "auc", 0.842, 0.797, 0.772, 0.822, 0.851, 0.844, 0.858, 0.5, warns
        ),
        ModelComparison("diabetes", linear, "auc", 0.826, 0.819, 0.801, 0.837, 0.824, 0.812, 0.836, 0.5, ok),
        ModelComparison("diabetes", near, "auc", 0.741, 0.633, 0.6, 0.666, 0.728, 0.717, 0.739, 0.5, fails),
        ModelComparison(
            "systolic_bp", trees, "r2", 0.312, 0.241, 0.204, 0.278, 0.318, 0.29, 0.346, 0.0, warns
        ),
        ModelComparison("systolic_bp", linear, "r2", 0.287, 0.271, 0.25, 0.292, None, None, None, 0.0, ok),
    )


_STRONG = {
    ("bmi", "weight_kg"): 0.89,
    ("bmi", "waist_cm"): 0.91,
    ("weight_kg", "waist_cm"): 0.88,
    ("height_cm", "sex"): 0.71,
    ("height_cm", "weight_kg"): 0.43,
    ("hba1c", "diabetes"): 0.58,
    ("diabetes", "diabetes_age"): 0.62,
    ("age", "diabetes_age"): 0.47,
    ("systolic_bp", "diastolic_bp"): 0.41,
    ("age", "systolic_bp"): 0.46,
    ("hdl_cholesterol", "sex"): 0.34,
    ("hdl_cholesterol", "bmi"): -0.31,
    ("education", "poverty_ratio"): 0.42,
    ("sleep_hours", "bedtime"): -0.22,
}


def associations(columns: tuple[str, ...]) -> AssociationMatrix:
    """Make strengths of every pair, some withheld, the synthetic ones weaker."""
    dice = random.Random(3)  # noqa: S311 - numbers to draw, not to guard
    strong = {frozenset(pair): value for pair, value in _STRONG.items()}
    real: list[tuple[float | None, ...]] = []
    synthetic: list[tuple[float | None, ...]] = []
    for row, name in enumerate(columns):
        line: list[float | None] = []
        for other in columns[:row]:
            value = strong.get(frozenset((name, other)), dice.gauss(0, 0.07))
            line.append(None if "cancer_type" in (name, other) else round(value, 2))
        real.append(tuple(line))
        synthetic.append(
            tuple(
                None if v is None else round(v * dice.uniform(0.5, 1.0) + dice.gauss(0, 0.02), 2)
                for v in line
            )
        )
    measure = "Spearman's correlation, else Cramér's V"
    return AssociationMatrix(columns, tuple(real), tuple(synthetic), measure)


_INSIDER, _RECORD = "somebody who holds the whole record", "the whole record"
_PANEL = "membership disclosure, as an expert panel asks to report (Patterns, 2025)"
_WP216 = "Article 29 Working Party, Opinion 05/2014 (WP216): {}"
_DOES = {
    "DOMIAS, nearest neighbour": "compares its nearest synthetic with its nearest real row",
    "GAN-leaks": "measures how close the nearest synthetic row lies",
    "LOGAN": "trains a classifier of synthetic against real rows",
}


def _attack(name: str, code: str, figures: tuple[float | None, ...], **more: object) -> Attack:
    """Make an attack that passes; its figures are success, control, and their intervals between."""
    words = {"attacker": _INSIDER, "knows": _RECORD, "does": "looks for it", "status": Status.PASS}
    return Attack(
        name,
        code=code,
        **dict(zip(("risk", "low", "high", "control", "control_low", "control_high"), figures, strict=False)),  # type: ignore[arg-type]
        **{**words, **more},  # type: ignore[arg-type]
    )


def membership(score: str, figures: tuple[float | None, ...], **more: object) -> Attack:
    """Make an attack on membership at 1 % false alarms."""
    told = {"does": _DOES[score], "smallest_seen": "14 copied rows (0.4 %)", "asked_by": _PANEL}
    area = "Area under the curve 0.503 [0.490, 0.516]; 0.5 is guessing."
    name = f"Membership at 1 % false alarms: {score}"
    return _attack(name, "STB802", figures, reason=area, **{**told, **more})


def _attacks() -> tuple[Attack, ...]:
    quasi, points = "age, sex, ethnicity, education", "2.1 points more than on others"
    inference = {"attacker": "an acquaintance, an employer, an insurer", "knows": quasi}
    inference |= {"smallest_seen": points, "asked_by": _WP216.format("inference")}
    singling = {"attacker": "anybody with the synthetic table", "asked_by": _WP216.format("singling out")}
    singling |= {"smallest_seen": "12 points more than on others", "does": "takes what is unique in it"}
    return (
        _attack(
            *("Exact copies", "STB801", (0.0, 0.0, 0.001, 0.0, 0.0, 0.001)),
            does="looks for it, word for word",
            smallest_seen="8 copied rows (0.2 %)",
            reason="No training rows stand in the synthetic table word for word.",
        ),
        membership("DOMIAS, nearest neighbour", (0.011, 0.006, 0.019, 0.01)),
        membership("GAN-leaks", (0.012, 0.007, 0.02, 0.0159, 0.0087, 0.0266)),
        _attack(
            *("Membership: LOGAN", "STB802", (0.481, 0.461, 0.5, 0.5)),
            does=_DOES["LOGAN"],
            smallest_seen="14 copied rows (0.4 %)",
            asked_by=_PANEL,
        ),
        _attack(
            *("Near copies", "STB802", (None, None, None, 0.0, 0.0, 0.001)),
            does="looks for a synthetic row five times closer than any other person",
            smallest_seen="14 copied rows (0.4 %)",
            reason="Fewer than 10 training rows have a synthetic row that close.",
        ),
        _attack(
            *("Attribute inference: diabetes", "STB805", (0.841, 0.829, 0.852, 0.843, 0.83, 0.855)),
            **{**inference, "does": "reads diabetes off the synthetic rows that agree best"},
            reason="Whoever always guesses the most frequent value is right for 81 %.",
        ),
        _attack(
            *("Attribute inference: insured", "STB805", (0.783, 0.763, 0.802, 0.772, 0.752, 0.791)),
            **{**inference, "does": "reads insured off the synthetic rows that agree best"},
        ),
        _attack(
            *("Linkability", "STB806", ()),
            attacker="somebody with two files about the same people",
            knows="age, sex in one file, hba1c, insured in another",
            does="joins halves that point at the same synthetic row",
            smallest_seen="0.8 points more than on others",
            asked_by=_WP216.format("linkability"),
        ),
        _attack("Singling out by one value", "STB807", (0.25, 0.214, 0.29), knows="one column", **singling),
        _attack(
            *("Singling out by several values", "STB807", (0.202, 0.169, 0.239, 0.192, 0.16, 0.229)),
            knows=quasi,
            **singling,
        ),
        _attack(
            *("A single person who stands alone", "STB809", ()),
            attacker="somebody who knows one unusual person",
            smallest_seen="one row, at 47 % of the distance to the next person",
            reason="No synthetic row lies beside somebody who stands alone (p = 1).",
        ),
        _attack(
            *("Values that only a few people hold", "STB810", ()),
            attacker="somebody who knows of a rare value",
            knows="one rare level or extreme",
            smallest_seen="one level outside the public ones",
            reason="Rare levels stand in it as often as those of others would (p = 1).",
        ),
        _attack(
            *("Closer to training rows (DCR share)", "STB803", (0.702, 0.687, 0.717, 0.7, 0.68, 0.72)),
            attacker="nobody: a figure that readers expect",
            does="compares distances",
            status=Status.NOTE,
            smallest_seen="about 10 % copied rows",
            reason="Quoted because readers expect it; it decides nothing.",
        ),
    )


def _contexts() -> tuple[ContextAnswer, ...]:
    rare = "A value that only a few people hold stands in the table; it cannot be called back."
    unasked = "STB808 quasi-identifier cells: could not be asked; registers hold them of everybody."
    inside, outside = ("STB801", "STB809"), ("STB801", "STB802", "STB805", "STB806", "STB807", "STB809")
    return (
        ContextAnswer(
            "same_team", "Same team", "people who may see the real table", Verdict.PASS, (), inside
        ),
        ContextAnswer(
            "partners", "Partners", "people bound by contract", Verdict.WARN, (rare,), (*outside, "STB810")
        ),
        ContextAnswer(
            *("public", "Public", "anybody, for ever", Verdict.FAIL, (unasked, rare)),
            (*outside, "STB810", "STB808"),
        ),
    )


def column_scores(distributions: tuple[Distribution, ...]) -> tuple[Score, ...]:
    """Make the figures of families and columns; the KS of each column may not be printed."""
    figures = [
        Score(Section.MARGINAL, "tvd", 1, (), 0.0412, 0.039, 0.0434, 0.0331, 0.62, 0.0081, 0.984),
        Score(Section.ASSOCIATION, "interaction_tvd", 1, (), 0.0306, 0.0297, 0.0315, 0.0188, 0.0954),
        Score(Section.MARGINAL, "range_coverage", 1, (), 0.971, 0.96, 0.982, 0.993),
        Score(Section.DETECTION, "c2st_auc", 1, (), 0.642, 0.621, 0.663, 0.501, 1.0, 0.141),
    ]
    for item in distributions:
        score, own = item.score or 0.0, (item.column,)
        figures.append(Score(Section.MARGINAL, "tvd", 1, own, score + 0.03, score + 0.02, score + 0.04, 0.03))
        figures.append(Score(Section.MARGINAL, "ks", 1, own, UNPRINTABLE, releasable=False))
        if score > 0.01:
            alone = round(0.5 + score, 3)
            figures.append(Score(Section.DETECTION, "c2st_auc", 1, own, alone, floor=0.5, chance=1.0))
    return tuple(figures)


def nhanes_audit() -> AuditResult:
    """Make an audit of 26 columns, 25 checks of every status, 13 attacks and three circles of readers."""
    distributions = _distributions()
    names = tuple(item.name for item in _NUMBERS) + tuple(row[0] for row in _LABELS)
    return AuditResult(
        verdict=Verdict.FAIL,
        summary="Good for modelling, not for rare disease. The rarest kinds of cancer are lost, and blood "
        "sugar is too smooth. No leak was found; 0.5 % copied rows would have been.",
        checks=_checks(),
        scores=column_scores(distributions),
        families=_families(),
        distributions=distributions,
        rare=_rare(),
        associations=associations(names),
        attacks=_attacks(),
        guard=(
            GuardAction("cancer_type", "17 levels of fewer than 10 people pooled"),
            GuardAction("blood_lead", "top-coded at its 10th largest value"),
            GuardAction("age", "nothing: public bounds 20 to 80"),
        ),
        provenance=Provenance(
            title="NHANES adults 2017–2018",
            synthesizer="gaussian_copula",
            n_train=N_REAL,
            n_holdout=N_HOLDOUT,
            n_synthetic=10_000,
            n_compared=N_REAL,
            n_columns=26,
            seed=0,
            generation=1,
            created="2026-11-22",
            versions=(
                ("synthtab", "0.1.0"),
                ("pandas", "2.3.3"),
                ("scikit-learn", "1.9.1"),
                ("sdv", "2.0.0"),
            ),
            policy="default (2026.1)",
            holdout=True,
        ),
        limits=(
            "It describes the sample, not the population: survey weights were not used.",
            "Intervals hold this fitted synthesizer fixed; another fit would differ by more.",
            "An attacker with other data than the ones listed may learn more.",
            "Associations of three or more columns at once were not scored.",
        ),
        rare_bands=_bands(),
        association_changes=_changes(),
        logic=_logic(),
        subgroups=_subgroups(),
        models=_models(),
        contexts=_contexts(),
    )
