"""Make a synthetic table from a real one, audit it, write the report: the ten lines that matter.

Run: python examples/quickstart.py [REPORT.html]
"""

import sys

import synthtab as st

data = st.load_nhanes_adults()
split = st.split(data.frame, data.schema, holdout=0.3, seed=0)

synth = st.make("gaussian_copula", data.schema, seed=0).fit(split.train)
sample = synth.sample(5_000, seed=1)

audit = st.audit(
    real=split.train,
    holdout=split.holdout,
    synthetic=sample,
    schema=data.schema,
    target="diabetes",
    guard=synth.guard,
)
print(audit)
print("report:", audit.to_html(sys.argv[1] if len(sys.argv) > 1 else "reports/quickstart.html"))
