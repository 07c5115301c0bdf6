"""Words of the trade, Markdown that is safe, and the states of an article."""

import pytest

from maintenance.knowledge.article import ArticleState, state_of
from maintenance.knowledge.markdown import to_html
from maintenance.knowledge.terms import known_words, spoken, trade_terms, words_of


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Brg vibrates", {"bearing", "vibration"}),
        ("dripping", {"leak"}),
        ("Wälzlagerschaden", {"bearing"}),
        ("it lost its prime", {"low", "prime"}),
        ("shuts down", {"trip"}),
        ("nothing of the kind", set()),
    ],
)
def test_words_stand_for_what_the_trade_means(text: str, concepts: set[str]) -> None:
    assert spoken(text, trade_terms()).concepts.keys() == concepts


def test_a_concept_says_which_word_named_it() -> None:
    assert spoken("Gleitringdichtung tropft", trade_terms()).concepts == {
        "seal": "gleitringdichtung",
        "leak": "tropft",
    }


def test_words_are_small_and_without_marks() -> None:
    assert words_of("Too HOT!  (heiß), 7.4 mm/s") == ("too", "hot", "heiss", "7", "4", "mm", "s")


def test_single_words_of_the_terms_are_known() -> None:
    words = known_words(trade_terms())
    assert {"bearing", "lager"} <= set(words)
    assert not any(" " in word for word in words)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**dry**", "<strong>dry</strong>"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("<img src=x onerror=y>", "&lt;img"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<table>"),
    ],
)
def test_markdown_is_shown_and_html_is_text(text: str, shown: str) -> None:
    html = to_html(text)
    assert shown in html
    assert "<script" not in html
    assert "<img" not in html


def test_a_link_runs_nothing() -> None:
    assert "href" not in to_html("[x](javascript:alert(1)) [y](data:text/html,x)")
    assert 'href="/work-orders/WO-000001"' in to_html("[order](/work-orders/WO-000001)")


@pytest.mark.parametrize(
    ("version", "published", "retired", "state"),
    [
        (1, None, False, ArticleState.DRAFT),
        (2, 1, False, ArticleState.DRAFT),
        (1, 1, False, ArticleState.PUBLISHED),
        (1, 2, False, ArticleState.SUPERSEDED),
        (2, 2, True, ArticleState.RETIRED),
    ],
)
def test_the_state_of_a_version_follows_from_what_is_published(
    version: int, published: int | None, retired: bool, state: ArticleState
) -> None:
    assert state_of(version, published=published, retired=retired) is state
