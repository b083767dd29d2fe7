"""What the look at a sample says of a source."""

from dataclasses import dataclass, field

from features.ingestion.profile import SourceProfile


@dataclass
class Inspection:
    """What a sample says of a source.

    Attributes
    ----------
    profile : SourceProfile
        What can be read off the sample; questions leave keys of it open.
    sure : dict of str to str
        By key of the profile, such as "columns.amount": how sure it is, and why.
    questions : list of str
        What the sample does not settle, each with the key or option that does.
    known : str
        The profile that comes along and fits the columns, or "".
    """

    profile: SourceProfile
    sure: dict[str, str] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    known: str = ""
