"""Pages hold both languages, escape what comes from outside, and run no script but their own."""

from pathlib import Path

import pytest

from planning.files.rendering import both, count, money, signed, word, write_page


def test_both_languages_and_nothing_parsed() -> None:
    """What is a text stays one."""
    assert str(both("<i>", "中")) == '<span lang="en">&lt;i&gt;</span><span lang="zh">中</span>'
    assert "面访" in word("face_to_face")


@pytest.mark.parametrize(
    ("format", "number", "text"),
    [
        *[(count, 1234.4, "1,234"), (count, None, "–"), (money, 1234.5, "1,234"), (money, 12.34, "12.3")],
        *[(money, -0.456, "−0.46"), (money, float("nan"), "–"), (money, -0.001, "0")],
        *[(signed, 5.0, "+5.00"), (signed, -5.0, "−5.00"), (signed, 0.0, "0")],
    ],
)
def test_numbers(format, number, text) -> None:  # type: ignore[no-untyped-def]
    """As people read them."""
    assert format(number) == text


def test_a_page_needs_no_network(tmp_path: Path) -> None:
    """One file; its policy names the script and the style by hash."""
    title = ("<t>", "题")
    write_page(tmp_path / "p.html", "rep.html", "zh", title=title, rep="R", week="w", days=[], total=0)
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "http://" not in text.replace("http-equiv", "")
    assert "https://" not in text
    assert text.count("sha256-") == 2
    assert '<html lang="zh-CN" data-language="zh"' in text
    assert "&lt;t&gt;" in text
