"""/versions and /readyz tell what is in service, and why something is not."""

from dataclasses import replace

from msgspec import structs
from starlette.applications import Starlette

from features.segments.segmentation import Boundaries, load_segmentation
from serving.api.app import make_app
from serving.api.status import REFUSED
from serving.state import CurrentState, ServedModel, ServiceState
from tests.serving.asking import ask
from tests.serving.conftest import NOW, ZONE


def test_versions_tell_all_that_is_in_service(app: Starlette, served_model: ServedModel) -> None:
    """Formula, features, model and data, and since when."""
    found = ask(app, "/versions").json()
    assert found["formula"]["version"] == "2"
    assert found["model"] | {"libraries": None} == {
        "version": "7",
        "tag": served_model.tag,
        "digest": served_model.digest,
        "as_of": "2011-06-10",
        "customers": served_model.customer_model.card.customers,
        "horizons": list(served_model.customer_model.card.horizons),
        "formula_version": "2",
        "code_version": served_model.customer_model.card.code_version,
        "libraries": None,
        "model": "standard",
        "compiled": True,
    }
    assert found["data"]["digest"] == served_model.customer_model.card.data_digest
    assert (found["timezone"], len(found["features"]), found["since"]) == (ZONE, 88, "2011-12-10T12:00:00Z")
    assert found["rating_maximum"] == served_model.customer_model.card.rating_maximum
    assert "refused" not in found


def test_versions_tell_the_segments_in_use(rule_state: ServiceState) -> None:
    """Their names, and the boundaries with the date and log that they were learnt from; none where none are in use."""
    boundaries = Boundaries("2011-06-10", "ab12", (30.0, 60.0, 90.0, 180.0), (1.0, 2.0, 4.0, 8.0), (1.0, 2.0, 3.0, 4.0))
    segmentation = structs.replace(load_segmentation(), boundaries=boundaries)
    app = make_app(CurrentState(replace(rule_state, segmentation=segmentation)), clock=lambda: NOW)
    found = ask(app, "/versions").json()["segments"]
    assert found["names"] == [segment.name for segment in segmentation.segments]
    assert found["boundaries"]["frequency"] == [1, 2, 4, 8]
    assert (found["as_of"], found["data_digest"], found["columns"]) == (
        "2011-06-10",
        "ab12",
        dict(segmentation.columns),
    )
    app = make_app(CurrentState(rule_state), clock=lambda: NOW)
    assert "segments" not in ask(app, "/versions").json()


def test_without_a_model_the_service_is_degraded(rule_app: Starlette, rule_state: ServiceState) -> None:
    """The rule is served all the same, and the reason stands in readiness and versions."""
    assert ask(rule_app, "/readyz").json() == {"status": "degraded", "reasons": ["nothing was published"]}
    assert ask(rule_app, "/versions").json()["absent"] == {"model": "nothing was published"}
    assert "nothing was published" in ask(rule_app, "/").body.decode()


def test_a_version_that_was_refused_is_told(model_state: ServiceState) -> None:
    """The old version scores on; that a newer one was refused is in readiness, versions and on the page."""
    app = make_app(CurrentState(replace(model_state, refused="its digest is wrong <b>")), clock=lambda: NOW)
    ready = ask(app, "/readyz")
    assert ready.status == 200
    assert ready.json() == {"status": "degraded", "reasons": [REFUSED]}
    assert ask(app, "/versions").json()["refused"] == "its digest is wrong <b>"
    page = ask(app, "/").body.decode()
    assert "its digest is wrong &lt;b&gt;" in page
    assert "://" not in page


def test_readiness_shows_no_text_of_a_refusal(rule_state: ServiceState) -> None:
    """It needs no key, and a refusal may name paths or what a file holds; while it drains the status is 503."""
    current = CurrentState(replace(rule_state, absent="/srv/models: root:x:0:0", refused="/srv/models: root:x:0:0"))
    current.troubles += [lambda: "the keys are gone", lambda: None]
    app = make_app(current, clock=lambda: NOW)
    reasons = ["no model is in service", REFUSED, "the keys are gone"]
    assert ask(app, "/readyz").json() == {"status": "degraded", "reasons": reasons}
    current.draining = True
    ready = ask(app, "/readyz")
    assert (ready.status, ready.json()) == (503, {"status": "draining", "reasons": reasons})


def test_all_is_well(app: Starlette) -> None:
    """Ready without a word more; the page asks for nothing from elsewhere."""
    assert ask(app, "/readyz").json() == {"status": "ready"}
    page = ask(app, "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "://" not in page.body.decode()
