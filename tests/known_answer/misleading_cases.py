"""Eight synthetic tables of which SDMetrics says one thing and an audit another, side by side.

Each case simulates a real table, plants one defect, and asks both. The tests hold the answers to what they
should be; `scripts/show_misleading.py` prints them as a page.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sdmetrics.column_pairs import ContingencySimilarity
from sdmetrics.reports import QualityReport
from sdmetrics.single_column import TVComplement
from sdmetrics.single_table import BinaryDecisionTreeClassifier, DCROverfittingProtection, LogisticDetection

from synthtab.auditing import audit
from synthtab.metrics.association import cramers_v
from synthtab.metrics.utility import UtilityResult, train_synthetic_test_real
from synthtab.results import AuditResult, Status
from synthtab.schema import ColumnSpec, TableSchema

__all__ = ["TRIALS", "Answers", "Figure", "Trial", "failed_checks"]

ROWS = 1_200
OVERFITTING_ROWS = 400
PRIVATE = ["income", "score", "region"]
SCHEMA = TableSchema(
    (
        ColumnSpec("age", "integer"),
        ColumnSpec("income", "numeric", rounding=0),
        ColumnSpec("score", "numeric", rounding=2),
        ColumnSpec("noise", "numeric", rounding=2),
        ColumnSpec("sex", "categorical"),
        ColumnSpec("region", "categorical"),
        ColumnSpec("ill", "categorical"),
    ),
    name="simulated people",
)


@dataclass(frozen=True)
class Figure:
    """One figure by name."""

    name: str
    value: float


@dataclass(frozen=True)
class Answers:
    """What both say of one synthetic table; no audit where a metric is asked by itself.

    `theirs` holds SDMetrics' scores (1 is perfect, NaN is no score), `ours` synthtab's figures, and `failure`
    the name of the error when SDMetrics gave none.
    """

    theirs: tuple[Figure, ...]
    ours: tuple[Figure, ...] = ()
    result: AuditResult | None = None
    failure: str = ""

    def of_theirs(self, name: str) -> float:
        """Give one of SDMetrics' scores."""
        return next(figure.value for figure in self.theirs if figure.name == name)

    def of_ours(self, name: str) -> float:
        """Give one of synthtab's figures."""
        return next(figure.value for figure in self.ours if figure.name == name)


@dataclass(frozen=True)
class Trial:
    """One synthetic table, its defect in words, and how both are asked."""

    name: str
    defect: str
    ask: Callable[[], Answers]


def failed_checks(result: AuditResult) -> tuple[str, ...]:
    """Give the codes of the checks that failed."""
    return tuple(check.code for check in result.checks if check.status is Status.FAIL)


# ---------------------------------------------------------------------- simulated people


def people(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Draw people: income and score rise with age, region decides income, illness follows score."""
    rng = np.random.default_rng([seed, 20_261_123])
    age = rng.integers(18, 90, rows)
    region = rng.choice(["north", "east", "south", "west"], rows, p=[0.4, 0.3, 0.2, 0.1])
    level = pd.Series(region).map({"north": 20_000, "east": 30_000, "south": 45_000, "west": 60_000})
    income = (level.to_numpy() + 250 * age + rng.normal(0, 6_000, rows)).round()
    score = (0.05 * age + rng.normal(0, 1, rows)).round(2)
    ill = np.where(score + rng.normal(0, 1, rows) > 3.5, "yes", "no")
    return pd.DataFrame(
        {
            "age": age,
            "income": income,
            "score": score,
            "noise": rng.normal(0, 1, rows).round(2),
            "sex": rng.choice(["female", "male"], rows),
            "region": region,
            "ill": ill,
        }
    )


def three_parts(rows: int = ROWS) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Training rows, holdout, and fresh rows to plant a defect in."""
    train, holdout, fresh = (people(seed, rows) for seed in range(3))
    return train, holdout, fresh


def shuffled(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Put each column in an order of its own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.permutation(frame[name].to_numpy()) for name in frame})


# ---------------------------------------------------------------------- SDMetrics, quiet and repeatable


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Seed NumPy's global generator, which SDMetrics draws from, and put it back."""
    state = np.random.get_state()  # noqa: NPY002 - theirs is the global one
    np.random.seed(seed)  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
            np.random.set_state(state)  # noqa: NPY002


def metadata_of(frame: pd.DataFrame) -> dict[str, dict[str, dict[str, str]]]:
    """Describe a table as SDMetrics wants it."""
    return {
        "columns": {
            name: {"sdtype": "numerical" if pd.api.types.is_numeric_dtype(frame[name]) else "categorical"}
            for name in frame
        }
    }


@dataclass(frozen=True)
class Quality:
    """SDMetrics' quality report: its two properties and the score of each pair; NaN where it gives none."""

    shapes: float
    trends: float
    pairs: dict[frozenset[str], float]

    @classmethod
    def of(cls, real: pd.DataFrame, synthetic: pd.DataFrame) -> Quality:
        """Run the report with the thresholds that it comes with."""
        report = QualityReport()
        with seeded():
            report.generate(
                {"t": real}, {"t": synthetic}, {"tables": {"t": metadata_of(real)}}, verbose=False
            )
            details = report.get_details("Column Pair Trends")
            scores = report.get_properties().set_index("Property")["Score"]
        pairs = {
            frozenset(names): float(score)
            for *names, score in details[["Column 1", "Column 2", "Score"]].itertuples(index=False)
        }
        return cls(float(scores["Column Shapes"]), float(scores["Column Pair Trends"]), pairs)


def ask_audit(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    synthetic: pd.DataFrame,
    sections: Sequence[str],
    schema: TableSchema = SCHEMA,
) -> AuditResult:
    """Audit some sections."""
    return audit(train, synthetic, holdout=holdout, schema=schema, sections=sections, subgroups=())


# ---------------------------------------------------------------------- the trials


def moved_column() -> Answers:
    """Copy the table and move one column to where no real value lies."""
    train, holdout, _ = three_parts()
    made = train.assign(income=train["income"] * 1_000 + 5e6)
    score = Quality.of(train, made).pairs[pair("income", "region")]
    return Answers(
        (Figure("pair income × region", score),),
        result=ask_audit(train, holdout, made, ("marginal", "association")),
    )


def one_outlier() -> Answers:
    """Give one of the fresh rows an income of a thousand million."""
    train, holdout, fresh = three_parts()
    made = fresh.copy()
    made.loc[0, "income"] = 1e9
    tables = {"without it": fresh, "with it": made}
    results = {name: ask_audit(train, holdout, table, ("association",)) for name, table in tables.items()}
    return Answers(
        tuple(
            Figure(f"pair income × region {name}", Quality.of(train, table).pairs[pair("income", "region")])
            for name, table in tables.items()
        ),
        tuple(
            Figure(f"dependence {name}", result.check("STB201").value or 0.0)
            for name, result in results.items()
        ),
        results["with it"],
    )


def invented_dependence() -> Answers:
    """Make an unrelated column a copy of another."""
    train, holdout, fresh = three_parts()
    made = fresh.assign(noise=((fresh["age"] - fresh["age"].mean()) / fresh["age"].std()).round(2))
    quality = Quality.of(train, made)
    return Answers(
        (
            Figure("pair age × noise", quality.pairs[pair("age", "noise")]),
            Figure("column pair trends", quality.trends),
            Figure("column pair trends of fresh rows", Quality.of(train, fresh).trends),
        ),
        result=ask_audit(train, holdout, made, ("association",)),
    )


def invented_nulls() -> Answers:
    """Leave nine values in ten of one column empty; the other columns have no missing values either."""
    train, holdout, fresh = three_parts()
    made = with_nulls(fresh, "income", 0.9)
    return Answers(
        (Figure("column shapes", Quality.of(train, made).shapes),),
        result=ask_audit(train, holdout, made, ("marginal",)),
    )


def nulls_beside_others() -> Answers:
    """Leave nine values in ten of one column empty, where another column has its share of them."""
    train, holdout, fresh = (with_nulls(part, "score", 0.3) for part in three_parts())
    made = with_nulls(fresh, "income", 0.9)
    return Answers(
        (Figure("column shapes", Quality.of(train, made).shapes),),
        result=ask_audit(train, holdout, made, ("marginal",)),
    )


def lost_category() -> Answers:
    """Replace the category that every two-hundredth row holds by the most frequent one."""
    schema = TableSchema((ColumnSpec("age", "integer"), ColumnSpec("code", "categorical")))
    train, holdout, fresh = (with_codes(seed) for seed in range(3))
    made = fresh.assign(code=fresh["code"].replace("one in 200", "usual"))
    with seeded():
        score = TVComplement.compute(train["code"], made["code"])
    return Answers(
        (Figure("shape of the column", float(score)),),
        result=ask_audit(train, holdout, made, ("rare",), schema),
    )


def exact_copy() -> Answers:
    """Hand out the training rows."""
    train, holdout, _ = three_parts()
    quality = Quality.of(train, train)
    return Answers(
        (Figure("column shapes", quality.shapes), Figure("column pair trends", quality.trends)),
        result=ask_audit(train, holdout, train, ("privacy",)),
    )


def shuffled_columns() -> Answers:
    """Put every column in an order of its own."""
    train, holdout, _ = three_parts()
    made, metadata = shuffled(train), {"tables": {"t": metadata_of(train)}}
    with seeded():
        score = LogisticDetection.compute({"t": train}, {"t": made}, metadata, "t")
    quality = Quality.of(train, made)
    return Answers(
        (
            Figure("column shapes", quality.shapes),
            Figure("quality", (quality.shapes + quality.trends) / 2),
            Figure("logistic detection", float(score)),
        ),
        result=ask_audit(train, holdout, made, ("association", "detection")),
    )


def many_levels() -> Answers:
    """Ask how strongly two unrelated columns of 300 levels are associated."""
    rng = np.random.default_rng(6)
    parts = [pd.DataFrame(rng.integers(0, 300, (2_000, 2)).astype(str), columns=list("ab")) for _ in range(3)]
    with seeded():
        found = ContingencySimilarity.compute_breakdown(parts[0], parts[2], real_association_threshold=0.3)
    whole = pd.crosstab(parts[0]["a"], parts[0]["b"]).to_numpy(np.float64)
    return Answers(
        (Figure("association of the real columns", float(found["real_association"])),),
        (Figure("Cramér's V of the real columns", float(cramers_v(whole))),),
    )


def lost_level_of_a_predictor() -> Answers:
    """Train on rows in which one region does not exist."""
    train, holdout, fresh = three_parts()
    made = fresh.assign(region=fresh["region"].replace("west", "north"))
    failure = ""
    with seeded():
        try:
            BinaryDecisionTreeClassifier.compute(test_data=holdout, train_data=made, target="ill")
        except ValueError as error:
            failure = type(error).__name__
    return Answers((), utility_figures(train, holdout, made), failure=failure)


def lost_class() -> Answers:
    """Train on rows in which nobody is ill, and on fresh rows."""
    train, holdout, fresh = three_parts()
    with seeded():
        scores = [
            float(BinaryDecisionTreeClassifier.compute(test_data=holdout, train_data=table, target="ill"))
            for table in (fresh.assign(ill="no"), fresh)
        ]
    return Answers(
        (Figure("F1, nobody is ill", scores[0]), Figure("F1 of fresh rows", scores[1])),
        utility_figures(train, holdout, fresh.assign(ill="no")),
    )


def asked_twice() -> Answers:
    """Ask for the score of one table twice."""
    train, holdout, fresh = three_parts()
    with seeded():
        scores = [
            float(BinaryDecisionTreeClassifier.compute(test_data=holdout, train_data=fresh, target="ill"))
            for _ in range(2)
        ]
    ours = [utility_figures(train, holdout, fresh)[0].value for _ in range(2)]
    return Answers(
        tuple(
            Figure(f"F1, {when} time", score) for when, score in zip(("first", "second"), scores, strict=True)
        ),
        tuple(
            Figure(f"AUC, {when} time", score) for when, score in zip(("first", "second"), ours, strict=True)
        ),
    )


def outlier_in_training() -> Answers:
    """Fresh rows as synthetic ones, before and after one training row has codes for unknown numbers."""
    train, holdout, fresh = (part[PRIVATE] for part in three_parts(OVERFITTING_ROWS))
    touched = train.copy()
    touched.loc[0, ["income", "score"]] = 1e12
    schema = TableSchema(tuple(column for column in SCHEMA.columns if column.name in PRIVATE))
    tables = {"without it": train, "with it": touched}
    results = {name: ask_audit(table, holdout, fresh, ("privacy",), schema) for name, table in tables.items()}
    return Answers(
        tuple(
            Figure(f"DCR overfitting protection {name}", overfitting_protection(table, fresh, holdout))
            for name, table in tables.items()
        ),
        tuple(
            Figure(f"membership p {name}", result.check("STB802").p_value or 0.0)
            for name, result in results.items()
        ),
        results["with it"],
    )


def copy_of_few_levels() -> Answers:
    """Hand out the training rows of a table of four columns of four levels."""
    rng = np.random.default_rng(8)
    names = ["a", "b", "c", "d"]
    train, holdout = (
        pd.DataFrame(rng.choice(list("pqrs"), (OVERFITTING_ROWS, 4), p=[0.4, 0.3, 0.2, 0.1]), columns=names)
        for _ in range(2)
    )
    schema = TableSchema(tuple(ColumnSpec(name, "categorical") for name in names))
    return Answers(
        (Figure("DCR overfitting protection", overfitting_protection(train, train, holdout)),),
        result=ask_audit(train, holdout, train, ("privacy",), schema),
    )


# ---------------------------------------------------------------------- what several trials need


def pair(first: str, second: str) -> frozenset[str]:
    """Name a pair of columns without an order."""
    return frozenset((first, second))


def with_nulls(frame: pd.DataFrame, column: str, share: float) -> pd.DataFrame:
    """Leave a share of one column empty, at random."""
    empty = np.random.default_rng(len(column)).random(len(frame)) < share
    return frame.assign(**{column: frame[column].mask(empty)})


def with_codes(seed: int, rows: int = 3_000) -> pd.DataFrame:
    """Draw ages and codes, of which one stands in every two-hundredth row and three in every thousandth."""
    rng = np.random.default_rng([seed, 4])
    codes = ["usual", "other", "one in 200", "rare 1", "rare 2", "rare 3"]
    drawn = rng.choice(codes, rows, p=[0.972, 0.02, 0.005, 0.001, 0.001, 0.001])
    return pd.DataFrame({"age": rng.integers(18, 90, rows), "code": drawn})


def utility_figures(
    train: pd.DataFrame, holdout: pd.DataFrame, made: pd.DataFrame
) -> tuple[Figure, Figure, Figure]:
    """Predict illness: AUC of a boosted model trained on synthetic rows, on real ones, and of a constant."""
    cast = [SCHEMA.cast(frame) for frame in (train, holdout, made)]
    found: UtilityResult = train_synthetic_test_real(*cast, SCHEMA.modelled, "ill")
    model = found.models[0]
    return (
        Figure("AUC", model.tstr),
        Figure("AUC trained on real rows", model.trtr),
        Figure("chance", model.chance),
    )


def overfitting_protection(train: pd.DataFrame, made: pd.DataFrame, holdout: pd.DataFrame) -> float:
    """Ask SDMetrics whether synthetic rows are too close to the training rows."""
    metadata = {"tables": {"t": metadata_of(train)}}
    with seeded():
        score = DCROverfittingProtection.compute({"t": train}, {"t": made}, holdout, metadata, "t")
    return float(score)


TRIALS = (
    Trial("moved column", "one column times 1,000 plus 5 million", moved_column),
    Trial("one outlier", "fresh real rows, one value of which is 1,000 million", one_outlier),
    Trial("invented dependence", "an unrelated column made a copy of another (r = 1)", invented_dependence),
    Trial("invented nulls", "90 % missing in a column that has none", invented_nulls),
    Trial("invented nulls beside others", "the same beside a column with 30 %", nulls_beside_others),
    Trial("lost category", "a category of .5 % of 3,000 rows (two columns) is gone", lost_category),
    Trial("exact copy", "the training rows themselves", exact_copy),
    Trial("shuffled columns", "every column shuffled by itself", shuffled_columns),
    Trial("many levels", "two unrelated columns of 300 levels, 2,000 rows", many_levels),
    Trial("asked twice", "fresh real rows, scored twice", asked_twice),
    Trial("lost class", "the target to predict has one class left", lost_class),
    Trial("lost level of a predictor", "one level of a predictor is gone", lost_level_of_a_predictor),
    Trial("outlier in training", "400 fresh rows; one *training* row holds 1e12 twice", outlier_in_training),
    Trial("copy of few levels", "400 training rows, four columns of four levels", copy_of_few_levels),
)
