"""Shadow models: refits with and without some records show what each of them leaves in a synthetic table.

The synthesizer is a callable, so that nothing here knows of one. Fair coins decide which records a fit is
given, and they are all that the tests rest on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.attacks.canaries import under_one_another
from synthtab.attacks.canary_fits import FitAndSample
from synthtab.attacks.counts import clopper_pearson
from synthtab.attacks.neighbours import Points, nearest
from synthtab.errors import SpecError
from synthtab.metrics.columns import modelled_names
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.ranking import auc_standard_error, average_ranks
from synthtab.progress import current_progress
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["ShadowResult", "ShadowTarget", "shadow_models"]

MIN_FITS = 8  # with fewer a half may hold one fit of a kind
_STAGE = "shadow models"
_NEIGHBOURS = 5
_FEATURES = 4
_CLOSEST = 1e-6  # stands for a distance of 0: far below any that float32 coordinates tell apart
_SEEN = 1.645 + 0.842  # standard deviations of a figure that is significant at .05 in four cases of five

BoolArray = npt.NDArray[np.bool_]
Cast = Callable[[pd.DataFrame], CastTable]


@dataclass(frozen=True)
class ShadowTarget:
    """How well the attack told fits with one target from fits without it.

    Parameters
    ----------
    position : int
        Row of the target.
    auc : float
        Chance that a judged fit with the target scores above one without it; 0.5 is perfect.
    p_value : float
        Chance of as large an AUC if the target left nothing; exact, not adjusted for the number of targets.
    """

    position: int
    auc: float
    p_value: float


@dataclass(frozen=True)
class ShadowResult:
    """What the shadow-model attack found.

    Parameters
    ----------
    auc, low, high : float or None
        Mean over the targets of the chance that a judged fit with the target scores above one without it, and
        its 95 % interval; 0.5 is perfect.
    p_value : float or None
        Chance of as large a mean if targets left nothing, by permutation; at least 1 / (1 + labellings).
    smallest_auc : float or None
        Mean AUC that would have been found significant at .05 in four cases of five; None when none would.
    accuracy, accuracy_low, accuracy_high : float or None
        Balanced accuracy of the guesses whether a judged fit held a target, and its exact 95 % interval
        (Clopper–Pearson, as if guesses on one fit were independent); 0.5 is perfect.
    advantage : float or None
        Rate of right less rate of false alarms, twice the balanced accuracy less one; 0 is perfect.
    fits, failed : int
        Fits that were spent, and how many of them gave no table.
    n_targets : int
        Targets.
    per_target : tuple of ShadowTarget
        Each target that both kinds of fits remain for.
    reason : str
        Why there is no figure.
    """

    auc: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    smallest_auc: float | None = None
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    advantage: float | None = None
    fits: int = 0
    failed: int = 0
    n_targets: int = 0
    per_target: tuple[ShadowTarget, ...] = ()
    reason: str = ""


def shadow_models(
    fit_and_sample: FitAndSample,
    base: pd.DataFrame,
    targets: pd.DataFrame,
    cast: Cast,
    columns: tuple[ColumnSpec, ...],
    *,
    fits: int = 40,
    rows: int | None = None,
    seed: int = 0,
    n_labellings: int = 999,
) -> ShadowResult:
    r"""Ask what single records leave in a synthetic table, by fits with and without them.

    All targets share the fits: each is in exactly half of them, by coins of its own. A fit is scored for a
    target by :math:`\log d_R - \log d_S`, its distances to the nearest (and to the fifth nearest) base row
    and synthetic row; by how many synthetic rows share its rarest level; and by how many reach as far out as
    its most extreme number. On the first half of the fits the attack learns which of the four tells most, and
    from where on; what all targets show together counts twice as much as what one of them shows. The other
    half is judged. A fit that raises, or gives no row, is spent and left out.

    Parameters
    ----------
    fit_and_sample : callable
        Takes rows to fit on and a seed, gives synthetic rows, as many whatever it was given.
    base : pandas.DataFrame, shape (n_base, n_columns)
        Real rows that every fit is given; none of them may belong to a target.
    targets : pandas.DataFrame, shape (n_targets, n_columns)
        Records to attack, each a person of its own; the most isolated are given away first.
    cast : callable
        Casts a table to the kinds of the schema.
    columns : tuple of ColumnSpec
        Columns to use.
    fits : int, default 40
        How many fits may be spent, at least 8.
    rows : int, optional
        Base rows of each fit, drawn anew each time; all of them by default, which is the stronger attacker.
    seed : int, default 0
        Seed of coins, draws and fits.
    n_labellings : int, default 999
        Permutations of the coins.

    Returns
    -------
    ShadowResult
        Mean AUC in [0, 1], 0.5 is perfect; without figures, and with a reason, when more than half of the
        fits failed or there was nothing to ask.

    Raises
    ------
    DataError
        When the targets lack a column of the base rows.
    SpecError
        When there are too few fits.

    References
    ----------
    Stadler, Oprisanu and Troncoso (2022), Synthetic data: anonymisation groundhog day, USENIX Security;
    Meeus et al. (2023), Achilles' heels: vulnerable record identification in synthetic data publishing,
    arXiv 2306.10308.
    """
    if fits < MIN_FITS:
        raise SpecError(f"{fits} fits are too few.", hint=f"Give at least {MIN_FITS}; 40 tell more.")
    n_base, n_targets = len(base), len(targets)
    sizes = ShadowResult(n_targets=n_targets)
    if not n_base or not n_targets:
        return replace(sizes, reason="no target" if n_base else "no base row")
    together = under_one_another(base, targets, "target")
    clues = _Clues.of(cast(together), n_base, columns)
    if not modelled_names(columns, (clues.real,)):
        return replace(sizes, reason="no column to compare")
    rng = generator(seed, "attacks", "shadow models")
    is_in = _coins(fits, n_targets, rng)
    features, errors = np.full((fits, n_targets, _FEATURES), np.nan), []
    progress = current_progress()
    progress.start(_STAGE, fits)
    try:
        for number, held in enumerate(is_in):
            some = rows is not None and rows < n_base
            given = np.sort(rng.choice(n_base, rows, replace=False)) if some else np.arange(n_base)
            frame = together.iloc[np.concatenate([given, n_base + np.flatnonzero(held)])]
            fit_seed = derive_seed(seed, "attacks", "shadow fit", number)
            made = _table_or_error(fit_and_sample, frame.reset_index(drop=True), fit_seed, cast)
            if isinstance(made, CastTable):
                features[number] = clues.left_in(made, given)
            else:
                errors.append(made)
            progress.advance(_STAGE)
    finally:
        progress.finish(_STAGE)
    sizes = replace(sizes, fits=fits, failed=len(errors))
    if len(errors) > fits / 2:
        return replace(sizes, reason=f"{len(errors)} of {fits} fits failed ({errors[0]})")
    came = ~np.isnan(features[:, 0, 0])
    is_learnt = np.arange(fits) < fits // 2
    result = _judged(
        features[came & is_learnt],
        is_in[came & is_learnt],
        features[came & ~is_learnt],
        is_in[came & ~is_learnt],
        n_labellings,
        rng,
    )
    return replace(result, fits=fits, failed=len(errors), n_targets=n_targets)


def _coins(fits: int, n_targets: int, rng: np.random.Generator) -> BoolArray:
    """Put each target in half of all fits, and in half of either half as nearly as may be."""
    learnt = fits // 2
    is_in = np.zeros((fits, n_targets), dtype=bool)
    for target in range(n_targets):
        in_learnt = (learnt + int(rng.integers(2))) // 2
        is_in[rng.permutation(learnt)[:in_learnt], target] = True
        is_in[learnt + rng.permutation(fits - learnt)[: fits // 2 - in_learnt], target] = True
    return is_in


def _table_or_error(
    fit_and_sample: FitAndSample, frame: pd.DataFrame, seed: int, cast: Cast
) -> CastTable | str:
    try:
        made = cast(fit_and_sample(frame, seed))
    except Exception as error:  # noqa: BLE001 - whatever a synthesizer raises, this fit is spent
        return type(error).__name__  # a message might hold values of real people
    return made if made.n_rows else "no row"


@dataclass(frozen=True, eq=False)
class _Clues:
    """What targets may leave in a synthetic table."""

    real: CastTable  # base rows, then targets
    n_base: int
    columns: tuple[ColumnSpec, ...]
    levels: tuple[tuple[str, str] | None, ...]  # of each target: a column, and its level there
    extremes: tuple[tuple[str, float, bool] | None, ...]  # column, number, whether it lies at the upper end

    @classmethod
    def of(cls, real: CastTable, n_base: int, columns: tuple[ColumnSpec, ...]) -> _Clues:
        """Find the level and the number of each target that the fewest base rows share or reach."""
        base, levels, extremes = real.take(np.arange(n_base)), [], []
        names = modelled_names(columns, (real,))
        for row in range(n_base, real.n_rows):
            shared: list[tuple[int, tuple[str, str]]] = []
            reached: list[tuple[int, tuple[str, float, bool]]] = []
            for name in names:
                column = real[name]
                if column.is_missing[row]:
                    continue
                if isinstance(column, LabelColumn):
                    level = column.levels[column.codes[row]]
                    shared.append((_sharing(base.label(name), level), (name, level)))
                else:
                    value = float(column.values[row])
                    for is_upper in (False, True):
                        depth = _reaching(base.number(name), value, is_upper=is_upper)
                        reached.append((depth, (name, value, is_upper)))
            levels.append(min(shared, key=lambda item: item[0])[1] if shared else None)
            extremes.append(min(reached, key=lambda item: item[0])[1] if reached else None)
        return cls(real, n_base, columns, tuple(levels), tuple(extremes))

    def left_in(self, made: CastTable, given: npt.NDArray[np.intp]) -> FloatArray:
        """Give four features of each target in a synthetic table; higher speaks for its having been in."""
        encoder = FeatureEncoder.fit((self.real, made), (self.real,), self.columns)
        with one_native_thread():
            points = Points.of(self.real, encoder)
            targets = points.take(np.arange(self.n_base, self.real.n_rows))
            base, synthetic = points.take(given), Points.of(made, encoder)
            features = np.zeros((len(targets.hashes), _FEATURES))
            for feature, k in enumerate((1, _NEIGHBOURS)):
                features[:, feature] = _log_distance(targets, base, k) - _log_distance(targets, synthetic, k)
        for row, (level, extreme) in enumerate(zip(self.levels, self.extremes, strict=True)):
            if level is not None and level[0] in made.columns:
                features[row, 2] = _sharing(made.label(level[0]), level[1])
            if extreme is not None and extreme[0] in made.columns:
                name, value, is_upper = extreme
                features[row, 3] = _reaching(made.number(name), value, is_upper=is_upper)
        # equal distances along two ways must tie
        return np.asarray(np.round(features, 9), dtype=np.float64)


def _log_distance(queries: Points, references: Points, k: int) -> FloatArray:
    found = nearest(queries, references, k=min(k, len(references.hashes))).distances[:, -1]
    return np.asarray(np.log(np.maximum(found, _CLOSEST)), dtype=np.float64)


def _sharing(column: LabelColumn, level: str) -> int:
    return int((column.recoded((level,)) == 0).sum())


def _reaching(column: NumberColumn, value: float, *, is_upper: bool) -> int:
    return int((column.values >= value).sum() if is_upper else (column.values <= value).sum())


@dataclass(frozen=True, eq=False)
class _Rules:
    """Which feature of each target tells whether it was in; all arrays have shape (n_targets,)."""

    chosen: IntArray
    signs: FloatArray  # 1, or -1 where lower speaks for it
    cuts: FloatArray  # "in" above

    def scores(self, features: FloatArray) -> FloatArray:
        """Give the chosen feature of each fit (rows) and target (columns)."""
        return np.asarray(features[:, np.arange(len(self.chosen)), self.chosen] * self.signs)


def _rules(features: FloatArray, is_in: BoolArray) -> _Rules:
    n_targets, n_features = features.shape[1:]
    departures = np.array(
        [
            [_auc(features[:, target, feature], is_in[:, target]) - 0.5 for feature in range(n_features)]
            for target in range(n_targets)
        ]
    )
    # a few fits tell little of one target: of 40 attacks on a row bootstrap, with four targets and 20 fits
    # each, 29 give p ≤ .01 if every target goes by itself, and 34 if what all of them show counts twice
    evidence = departures + 2 * departures.mean(axis=0)
    chosen = np.abs(evidence).argmax(axis=1).astype(np.int64)
    signs = np.where(evidence[np.arange(n_targets), chosen] < 0, -1.0, 1.0)
    scores = _Rules(chosen, signs, np.zeros(n_targets)).scores(features)
    cuts = np.array([_best_cut(scores[:, target], is_in[:, target]) for target in range(n_targets)])
    return _Rules(chosen, signs, cuts)


def _best_cut(scores: FloatArray, is_in: BoolArray) -> float:
    """Give the threshold above which "in" is right at the best balanced accuracy, the lowest of several."""
    values = np.unique(scores)
    cuts = np.concatenate([[values[0] - 1], (values[1:] + values[:-1]) / 2])
    above = scores > cuts[:, None]
    return float(cuts[(above[:, is_in].mean(axis=1) - above[:, ~is_in].mean(axis=1)).argmax()])


def _judged(
    learnt: FloatArray,
    learnt_in: BoolArray,
    judged: FloatArray,
    judged_in: BoolArray,
    n_labellings: int,
    rng: np.random.Generator,
) -> ShadowResult:
    """Learn rules from some fits and judge the others by them."""
    usable = np.intersect1d(_with_both(learnt_in), _with_both(judged_in))
    if not usable.size:
        return ShadowResult(reason="too few fits came through")
    rules = _rules(learnt[:, usable], learnt_in[:, usable])
    scores, is_in = rules.scores(judged[:, usable]), judged_in[:, usable]
    aucs = np.array([_auc(scores[:, target], is_in[:, target]) for target in range(len(usable))])
    null = np.zeros(n_labellings)
    for target in range(len(usable)):
        labels = np.tile(is_in[:, target], (n_labellings, 1))
        rng.permuted(labels, axis=1, out=labels)
        null += _aucs(scores[:, target], labels) / len(usable)
    auc, spread = float(aucs.mean()), float(null.std())
    each = np.arange(len(scores), dtype=np.int64)
    errors = [auc_standard_error(scores[:, target], is_in[:, target], each) for target in range(len(usable))]
    # where all fits are told apart the formula gives 0, which ten fits do not justify
    around = 1.96 * max(spread, float(np.linalg.norm(errors)) / len(usable))
    guesses = scores > rules.cuts
    accuracy = float(guesses[is_in].mean() + (~guesses[~is_in]).mean()) / 2
    low, high = clopper_pearson(round(accuracy * guesses.size), guesses.size)
    smallest = 0.5 + _SEEN * spread
    return ShadowResult(
        auc=auc,
        low=max(0.0, auc - around),
        high=min(1.0, auc + around),
        # sums of the same numbers in another order are the same statistic
        p_value=float((1 + (null >= auc - 1e-9).sum()) / (1 + n_labellings)),
        smallest_auc=smallest if smallest <= 1 and spread > 0 else None,
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        advantage=2 * accuracy - 1,
        per_target=tuple(
            ShadowTarget(int(position), float(aucs[target]), _exact_p(scores[:, target], is_in[:, target]))
            for target, position in enumerate(usable)
        ),
    )


def _with_both(is_in: BoolArray) -> npt.NDArray[np.intp]:
    """Give the targets that some fits had and some had not."""
    return np.flatnonzero(is_in.any(axis=0) & ~is_in.all(axis=0))


def _auc(scores: FloatArray, is_in: BoolArray) -> float:
    return float(_aucs(scores, is_in[None])[0])


def _aucs(scores: FloatArray, labels: BoolArray) -> FloatArray:
    """Give the AUC under each row of labels."""
    n_in = labels.sum(axis=1)
    beaten = labels @ average_ranks(scores) - n_in * (n_in + 1) / 2
    return np.asarray(beaten / np.maximum(n_in * (len(scores) - n_in), 1))


def _exact_p(scores: FloatArray, is_in: BoolArray) -> float:
    """Give the share of all labellings whose rank sum is as large: they are counted, ties and all."""
    ranks = np.rint(2 * average_ranks(scores)).astype(np.int64)
    n_in, most = int(is_in.sum()), int(ranks.sum())
    # how many choices of so many fits have such a sum
    ways = np.zeros((n_in + 1, most + 1))
    ways[0, 0] = 1.0
    for rank in ranks.tolist():
        ways[1:, rank:] += ways[:-1, : most + 1 - rank]
    return float(ways[n_in, int(ranks[is_in].sum()) :].sum() / ways[n_in].sum())
