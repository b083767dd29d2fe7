import html
import math
import re
from dataclasses import replace

from planning.causal_inference.randomised_effect import Effect
from planning.files.effects_page import write_effects_page


def test_the_page_has_every_verdict_in_both_languages(effects_found, tmp_path):
    """Five measures with their verdicts, the warning beside before and after, and what is not randomised below them."""
    write_effects_page(tmp_path / "effects.html", effects_found, "zh")
    text = (tmp_path / "effects.html").read_text()
    assert 'data-language="zh"' in text
    assert len(re.findall('data-verdict="', text)) == 5
    assert "of the planned were asked" in text
    assert "无法比较" in text
    assert "fall by about 30 % by themselves" in text
    assert text.index('id="measures"') < text.index('id="before"') < text.index("Not randomised: an estimate")
    assert "can be measured from 2024-10-31 on" in text


def test_texts_from_outside_are_escaped(effects_found, tmp_path):
    """The name of an action cannot add markup, and the page forbids scripts other than its own."""
    write_effects_page(tmp_path / "effects.html", effects_found)
    text = (tmp_path / "effects.html").read_text()
    assert "=1+1&lt;b&gt;" in text
    assert "<b>" not in text
    assert "default-src 'none'" in html.unescape(text)
    assert not re.search(r'(src|href)="(?!#)', text)


def test_an_effect_without_bounds_is_a_dash_with_its_reason(effects_found, tmp_path):
    """Where the planned were hardly contacted more often, no infinite number is printed."""
    unbounded = Effect(3.0, math.inf, -math.inf, math.inf, 50, 50, 1.0, 1.0)
    write_effects_page(tmp_path / "effects.html", replace(effects_found, complier_effect=unbounded))
    text = (tmp_path / "effects.html").read_text()
    assert "As carried out: –. The planned were hardly contacted more often" in text
    assert not re.search(r"\b(inf|nan)\b|∞", text)
    bounded = replace(unbounded, standard_error=1.0, low=1.0, high=5.0)
    write_effects_page(tmp_path / "effects.html", replace(effects_found, complier_effect=bounded))
    assert "As carried out: a contact that was made" in (tmp_path / "effects.html").read_text()
