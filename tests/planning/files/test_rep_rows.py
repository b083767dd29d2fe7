"""The rows that people carry out: by day, with words for the gain, and nobody who is left alone."""

from planning.files.rep_rows import file_names, reps_of, rows_of, rows_to_do
from planning.plan_folder import Plan


def test_by_day_and_without_hold_outs(plan: Plan) -> None:
    """Rows without a day come last."""
    rows = rows_to_do(plan)
    assert rows["customer_id"].tolist() == ["<b>&", "learn", "=cmd|' /C calc'!A0", "客户"]
    assert rows["gain"].tolist() == ["likely", "unknown", "possible", "possible"]
    assert rows["alternative"].tolist() == ["face_to_face", "phone", "phone", ""]


def test_a_rep_has_the_rows_that_take_time(plan: Plan) -> None:
    """An offer without a rep belongs to nobody's list."""
    rows = rows_to_do(plan)
    assert reps_of(rows) == ["R07", "王芳"]
    assert rows_of(rows, "R07")["customer_id"].tolist() == ["<b>&", "=cmd|' /C calc'!A0"]


def test_names_of_files_are_apart_and_stay_in_their_folder() -> None:
    """Whatever a rep is called."""
    names = file_names(["..", "a/b", "A B", "a b", "", "x" * 300])
    assert len(set(names.values())) == len(names)
    assert not [name for name in names.values() if "/" in name or name.startswith(".") or not name or len(name) > 70]
