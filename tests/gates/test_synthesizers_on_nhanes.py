"""Our synthesizers are worth what they were: gates on the embedded health survey.

After a change that is meant to move them, record them anew and read what the summary says:
``pytest tests/gates --synthtab-update``.
"""

from __future__ import annotations

from functools import cache

import pytest

import synthtab as st
from synthtab.selection.gate_fixture import GateFixture

EPOCHS = 30
ROWS = 1_600


@cache
def real() -> tuple[st.Split, st.TableSchema]:
    """Give a part of the survey, half of it held out."""
    data = st.load_nhanes_adults()
    return st.split(data.frame.iloc[:ROWS], data.schema, holdout=0.5, seed=0), data.schema


@pytest.mark.parametrize(
    ("name", "synthesizer", "require"),
    [
        (
            "gaussian_copula",
            st.spec("gaussian_copula"),
            {"marginal.tvd": ">=0.95", "privacy.tpr_at_1fpr": "<=0.05", "privacy.exact_copies": "<=0"},
        ),
        (
            "tvae",
            st.spec("tvae", epochs=EPOCHS),
            {"marginal.tvd": ">=0.9", "privacy.tpr_at_1fpr": "<=0.05", "privacy.exact_copies": "<=0"},
        ),
        (
            "independent",
            st.spec("independent"),
            {"marginal.tvd": ">=0.95", "privacy.membership_auc": "<=0.53"},
        ),
    ],
)
def test_a_synthesizer_is_still_worth_what_it_was(
    synthtab_gate: GateFixture, name: str, synthesizer: st.SynthesizerSpec, require: dict[str, str]
) -> None:
    """No family got worse by more than its margin, and what must hold holds."""
    split, schema = real()
    found = synthtab_gate(
        f"baselines/{name}.json",
        split=split,
        schema=schema,
        synthesizer=synthesizer,
        target="diabetes",
        require=require,
    )
    assert found.figures
