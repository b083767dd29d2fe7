import html
import re

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
