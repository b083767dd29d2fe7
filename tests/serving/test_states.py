"""The table of states in docs/operations.md is whole: each row names the test that shows it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ROWS = re.findall(r"^\| (.+?) \|", PAGE.partition("## States")[2].partition("\n## ")[0], re.MULTILINE)[1:]
PROCESSES = "serving/runtime/test_states_of_processes.py::"
TESTS = {
    "all is well": "serving/test_service.py::test_health_is_as_bentoml_gives_it_and_readiness_ours",
    "no version is published": "serving/test_service.py::test_without_a_model_the_rule_is_served",
    "the home cannot be written, and BentoML's folders are in it": PROCESSES
    + "test_a_home_that_cannot_be_written_serves",
    "the version published last is refused": "serving/test_service.py"
    "::test_a_new_version_is_taken_over_and_a_bad_one_refused",
    "the version or its challenger cannot be read for now": "serving/runtime/test_model_reload.py"
    "::test_what_cannot_be_read_is_tried_again",
    "it is not signed by the trusted key, signed too early, or has to be unpickled and may not": "serving"
    "/runtime/test_model_reload.py::test_a_version_that_nobody_trusted_signed_leaves_the_old_one",
    "its name is a named pipe, or no name": PROCESSES
    + "test_a_pipe_in_place_of_the_name_blocks_neither_requests_nor_the_end",
    "a check of store or keys hangs": "serving/runtime/test_poller.py::test_a_check_that_hangs_stops_nothing",
    "the file of keys has none": PROCESSES + "test_drained_after_a_client_left_and_a_key_was_taken_back",
    "the folder of jobs cannot be used": "serving/jobs/test_job_runner.py"
    "::test_a_folder_that_cannot_be_used_is_507_and_mends",
    "the database of the batch scores does not answer": "serving/runtime/test_bento_app.py"
    "::test_a_table_of_scores_is_looked_up_and_missed_in_readiness",
    "a rollout or its challenger cannot be used": "serving/runtime/test_rollouts.py"
    "::test_a_damaged_challenger_is_refused",
    "a version is in shadow and there is no forecast log": "serving/runtime/test_bento_app.py"
    "::test_a_shadow_that_nobody_logs_is_missed_in_readiness",
    "the forecast log cannot be written": "serving/forecast_log/test_forecast_log.py"
    "::test_a_full_disk_loses_rows_and_no_answer",
    "the file of the monitor cannot be read": "serving/runtime/test_monitor_metrics.py"
    "::test_a_file_that_cannot_be_read_is_one_line_in_the_log",
    "the client has left": PROCESSES + "test_drained_after_a_client_left_and_a_key_was_taken_back",
    "bodies larger together than `[serve] bodies_megabytes`": "serving/api/test_body_budget.py"
    "::test_bodies_that_do_not_fit_are_refused_and_small_ones_are_not",
    "the log cannot be written": "serving/runtime/test_under_load.py::test_a_full_disk_stops_nothing",
    "no room for shared metrics": "serving/runtime/test_metrics_files.py"
    "::test_without_room_a_worker_keeps_its_metrics_to_itself",
    "two services on one home": PROCESSES + "test_two_services_on_one_home",
    "one of several workers is killed": "serving/runtime/test_killed_workers.py"
    "::test_a_killed_worker_comes_back_and_the_other_goes_on",
    "SIGTERM, before the port closes": PROCESSES + "test_drained_after_a_client_left_and_a_key_was_taken_back",
    "the first process is killed": PROCESSES + "test_a_killed_first_process_leaves_no_worker_and_no_port",
    "the port is taken": PROCESSES + "test_two_services_on_one_home",
    "the home cannot be made, or BentoML's folders in it": PROCESSES + "test_a_home_that_cannot_be_made_is_one_line",
    "the published version may not be read": PROCESSES + "test_a_version_that_may_not_be_read_names_the_permission",
    "no file of keys at the start": "serving/test_service.py"
    "::test_another_environment_is_refused_before_the_port_is_bound",
    "the folder of jobs cannot be used at the start": "serving/test_jobs_end_to_end.py"
    "::test_a_folder_that_cannot_be_used_is_refused_at_the_start",
    "the published version cannot be used here": "serving/test_service.py"
    "::test_another_environment_is_refused_before_the_port_is_bound",
    "no worker can start": "serving/runtime/test_first_process.py::test_a_failure_of_the_workers_is_the_exit_code",
    "a setting cannot be used": PROCESSES + "test_a_number_of_workers_that_is_none_is_one_line",
}


def test_the_table_has_the_states_that_are_tested() -> None:
    """No row more and none less."""
    assert list(TESTS) == ROWS


@pytest.mark.parametrize("test", TESTS.values())
def test_the_test_of_a_state_is_there(test: str) -> None:
    """A test that is renamed takes its row along."""
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / file).read_text()
