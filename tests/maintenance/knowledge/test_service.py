"""Articles in versions, votes, and finding what helps."""

from dataclasses import replace

import psycopg
import pytest

from config.database import Connection
from config.difference import ChangeKind
from config.settings import Settings
from maintenance.errors import KeptInFiles, NotFound, StaleVersion
from maintenance.knowledge.article import Article, ArticleState
from maintenance.knowledge.queries import ArticleFilter, find_articles, versions_of
from maintenance.knowledge.recommendation import Report, recommend_articles, similar_orders
from maintenance.knowledge.service import (
    apply_articles,
    index_orders,
    publish_article,
    retire_article,
    save_article,
    vote,
)
from tests.maintenance.scene import Plant

SEAL = Article(
    code="seal-leak",
    title="Mechanical seal leaks",
    body="Check the **flush line** first.",
    symptoms=("water drips at the shaft",),
    asset_classes=("centrifugal_pump",),
    failure_modes=("ELP",),
)
HOT = Article("bearing-hot", "Bearing runs hot", "Too much grease heats as well.")
FINISHED = """
INSERT INTO work_order (asset_id, site_id, type, origin, title, resolution, failure_mode, priority,
                        priority_reason, state, created_by, completed_at)
SELECT id, site_id, 'corrective', 'person', %s, %s, %s, 3, 'set', 'completed', 'ana', now()
FROM asset WHERE tag = %s
"""


async def published(connection: Connection, article: Article) -> None:
    await save_article(connection, article, actor="ana")
    await publish_article(connection, article.code, actor="ana")


async def found(connection: Connection, text: str, **about: str) -> list[str]:
    return [one.code for one in await recommend_articles(connection, Report(text, **about))]


async def test_a_draft_is_not_found_before_it_is_published(connection: Connection) -> None:
    draft = await save_article(connection, SEAL, actor="ana")
    assert draft.state is ArticleState.DRAFT
    assert await found(connection, "seal leaks") == []
    await publish_article(connection, SEAL.code, actor="kim")
    assert await found(connection, "seal leaks") == [SEAL.code]


async def test_readers_see_what_is_published_while_somebody_writes(connection: Connection) -> None:
    await published(connection, SEAL)
    await save_article(connection, replace(SEAL, title="Something else"), actor="ana")
    [seen] = await find_articles(connection, ArticleFilter())
    [written] = await find_articles(connection, ArticleFilter(drafts=True))
    assert (seen.article.title, written.article.title) == (SEAL.title, "Something else")
    assert [one.state for one in await versions_of(connection, SEAL.code)] == [
        ArticleState.DRAFT,
        ArticleState.PUBLISHED,
    ]


async def test_a_version_never_changes(connection: Connection) -> None:
    await save_article(connection, SEAL, actor="ana")
    with pytest.raises(psycopg.Error, match="never"):
        await connection.execute("DELETE FROM article_version")


async def test_who_did_not_read_the_newest_version_is_refused(connection: Connection) -> None:
    await save_article(connection, SEAL, actor="ana", expected_version=0)
    with pytest.raises(StaleVersion):
        await save_article(connection, SEAL, actor="kim", expected_version=0)


async def test_a_retired_article_is_found_no_more(connection: Connection) -> None:
    await published(connection, SEAL)
    await retire_article(connection, SEAL.code)
    assert await found(connection, "seal leaks") == []
    assert await find_articles(connection, ArticleFilter()) == []
    with pytest.raises(NotFound):
        await retire_article(connection, "none")


async def test_files_publish_retire_and_bring_back(connection: Connection) -> None:
    await published(connection, HOT)
    first = await apply_articles(connection, [SEAL])
    assert [change.kind for change in first.changes] == [ChangeKind.ADDED]
    assert (await apply_articles(connection, [SEAL])).changes == ()
    gone = await apply_articles(connection, [])
    assert [change.key for change in gone.changes] == [SEAL.code]
    assert await found(connection, "seal leaks") == []
    await apply_articles(connection, [SEAL])
    assert await found(connection, "seal leaks") == [SEAL.code]
    assert len(await versions_of(connection, SEAL.code)) == 1


async def test_what_files_keep_is_not_changed_elsewhere(connection: Connection) -> None:
    await apply_articles(connection, [SEAL])
    with pytest.raises(KeptInFiles):
        await save_article(connection, replace(SEAL, title="Other"), actor="ana")
    with pytest.raises(KeptInFiles):
        await retire_article(connection, SEAL.code)
    await published(connection, HOT)
    await apply_articles(connection, [SEAL, HOT])
    with pytest.raises(KeptInFiles):
        await publish_article(connection, HOT.code, actor="ana")


async def test_the_newest_vote_of_a_person_counts(connection: Connection) -> None:
    await published(connection, SEAL)
    for person, useful in (("ana", True), ("kim", True), ("ana", False)):
        await vote(connection, SEAL.code, person=person, useful=useful)
    newest = (await versions_of(connection, SEAL.code))[0]
    assert (newest.useful, newest.useless) == (1, 1)
    with pytest.raises(NotFound):
        await vote(connection, "none", person="ana", useful=True)


async def test_a_recommendation_says_why(connection: Connection, plant: Plant) -> None:
    await published(connection, SEAL)
    report = Report("Gleitringdichtung tropft", asset="P-101", failure_mode="ELP")
    [one] = await recommend_articles(connection, report)
    for words in ("gleitringdichtung", "tropft", "failure mode ELP", "class centrifugal_pump"):
        assert words in one.because


async def test_a_failure_mode_alone_recommends(connection: Connection) -> None:
    await published(connection, SEAL)
    assert await found(connection, "???", failure_mode="ELP") == [SEAL.code]
    assert await found(connection, "") == []


async def test_another_class_of_asset_counts_less(connection: Connection) -> None:
    other = replace(SEAL, code="other-class", asset_classes=("fan",))
    await published(connection, SEAL)
    await published(connection, other)
    assert await found(connection, "seal", asset_class="fan") == ["other-class", SEAL.code]
    assert await found(connection, "seal", asset_class="centrifugal_pump") == [
        SEAL.code,
        "other-class",
    ]


@pytest.mark.parametrize("text", ["seel leeks", "mechancal seal", "':* | & ! <-> \\ % '"])
async def test_mistyped_words_and_signs_are_taken_as_they_come(
    connection: Connection, text: str
) -> None:
    await published(connection, SEAL)
    expected = [SEAL.code] if "e" in text else []
    assert await found(connection, text) == expected


async def test_finished_orders_like_this_one_are_found_with_what_was_done(
    connection: Connection, plant: Plant
) -> None:
    rows = (
        ("Seal drips", "Seal replaced, bearing looked at", "ELP", "P-102"),
        ("Leaks at the shaft", "Gland tightened", None, "P-101"),
        ("Paint the guard", "Painted", None, "P-101"),
    )
    for row in rows:
        await connection.execute(FINISHED, row)
    for _ in range(2):
        await index_orders(connection, Settings(), plant.now_us)
    report = Report("shaft seal leaking", asset="P-101", failure_mode="ELP")
    orders = await similar_orders(connection, report)
    assert [one.title for one in orders] == ["Seal drips", "Leaks at the shaft"]
    assert orders[0].resolution == "Seal replaced, bearing looked at"
    assert "failure mode ELP" in orders[0].because
    assert "the same asset" in orders[1].because


async def test_words_are_alike_by_their_pieces(connection: Connection) -> None:
    cursor = await connection.execute(
        "SELECT word_likeness('bearing', 'bearing'), word_likeness('bearing', 'baering'), "
        "word_likeness('bearing', 'pump')"
    )
    row = await cursor.fetchone()
    assert row is not None
    same, close, other = row
    assert same == 1
    assert close > 0.25 > other
