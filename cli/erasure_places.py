"""Where customers are erased from files and searched, and what has to be readable before anybody leaves."""

import glob
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.erasure.id_patterns import IdPattern


def places_of_erasure(store: Path, others: list[Path]) -> list[Path]:
    """Return where customers are erased: the store, the quarantine beside it, and what else is given."""
    from features.ingestion.outcome import quarantine_beside

    beside = quarantine_beside(store)
    return [store, *([beside] if beside.is_file() else []), *others]


def temporary_folders(store: Path) -> list[Path]:
    """Return what killed programs may have left: temporary files, without folders in use, and sources by the store."""
    from features.scratch_folders import PREFIX

    temporary = Path(tempfile.gettempdir())
    temporary = temporary.parent if temporary.name.startswith(PREFIX) else temporary
    beside = store.absolute().parent.glob(f".{glob.escape(store.absolute().name)}.*.sources")
    return [*(each for each in temporary.glob("regulars-*") if not each.name.startswith(PREFIX)), *beside]


def require_readable(places: Sequence[Path], pattern: "IdPattern") -> None:
    """Refuse plans that cannot be read, and encrypted files that are damaged or without a key.

    An erasure that met one of them on its way would end there, and the store be refused until that is mended.

    Raises PlanError, StoreError or SettingsError.
    """
    from features.encryption.parquet_files import MAGIC
    from features.erasure.id_search import files_in, names_customer
    from planning.plan_folder import plan_folders_below, read_plan

    for folder in plan_folders_below(places):
        read_plan(folder)
    for path in files_in(places):
        with suppress(FileNotFoundError):  # a temporary file of another process
            with path.open("rb") as file:
                encrypted = file.read(len(MAGIC)) == MAGIC
            if encrypted:
                names_customer(path, pattern)
