"""Ask by attack what a synthetic table gives away, and to whom it may go; list for yourself who stands alone.

Run: python examples/who_may_have_it.py [FOLDER]
"""

import sys
from pathlib import Path

import synthtab as st

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)

# a privacy audit sees most when as many people are held out as were trained on
data = st.load_nhanes_adults()
split = st.split(data.frame, data.schema, holdout=0.5, seed=0)
synth = st.make("gaussian_copula", data.schema, seed=0).fit(split.train)
sample = synth.sample(len(split.train), seed=1)

audit = st.audit(
    split.train, sample, holdout=split.holdout, schema=data.schema, guard=synth.guard, sections=["privacy"]
)
print(audit)
for context in audit.contexts:
    print(f"{context.label} ({context.readers}): {context.answer}", *context.reasons, sep="\n    ")

# a leak: fifteen real rows among the synthetic ones, 0.6 %
leaking = sample.copy()
leaking.iloc[:15] = split.train.iloc[:15].to_numpy()
caught = st.audit(
    split.train, leaking, holdout=split.holdout, schema=data.schema, guard=synth.guard, sections=["privacy"]
)
print(
    "With fifteen real rows:", caught.verdict, *(c.code for c in caught.checks if c.status is st.Status.FAIL)
)

bound = st.audit_epsilon(split.train, leaking, holdout=split.holdout, schema=data.schema, guard=synth.guard)
print(bound.sentence)

# for those who hold the real table only
audit.vulnerable_frame().to_csv(folder / "internal-vulnerable.csv", index=False)
