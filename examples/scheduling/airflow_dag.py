"""Airflow: retrain every Monday. Put this file into the folder of DAGs; the worker needs the command `regulars`.

The task is skipped where there is nothing new (exit code 3), and fails where the gate refuses (4) or anything went
wrong; it is tried again once, which continues a run that was killed. Only one run is active at a time.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="regulars_retrain",
    schedule="0 6 * * 1",
    start_date=datetime(2026, 1, 5),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="retrain",
        cwd="/srv/regulars",
        bash_command="regulars retrain exports/week-{{ ds }}.csv --store store --home var --profile profile.toml",
        skip_on_exit_code=3,
        retries=1,
        retry_delay=timedelta(minutes=10),
    )
