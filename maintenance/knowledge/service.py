"""Commands on articles: one function, one transaction (in a caller's: a savepoint of it)."""

from collections.abc import Sequence

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference, Stored, compare
from config.settings import Settings
from maintenance.errors import KeptInFiles, NotFound, StaleVersion
from maintenance.knowledge import queries, store
from maintenance.knowledge.article import Article, ArticleState, ArticleVersion, KeptIn
from maintenance.knowledge.terms import trade_terms

_FILES = "files"
_ALL = 1_000_000
_AT_ONCE = 500


async def save_article(
    connection: Connection,
    article: Article,
    *,
    actor: str,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> ArticleVersion:
    """Draft an article, or a new version of it; readers see what was published before.

    `expected_version` is the newest that the caller read, 0 where there was none; None takes any.
    Raises `KeptInFiles`, `StaleVersion`.
    """
    async with connection.transaction():
        held = await store.hold_article(connection, article.code)
        present = held[2] if held else 0
        if expected_version is not None and present != expected_version:
            raise StaleVersion(article.code, expected=expected_version, present=present)
        if held is not None and held[1] is KeptIn.FILES:
            raise KeptInFiles("article", article.code)
        await _write(connection, article, kept_in=KeptIn.DATABASE, actor=actor, clock=clock)
        return (await queries.versions_of(connection, article.code))[0]


async def publish_article(
    connection: Connection, code: str, *, actor: str, clock: ClockUs = now_us
) -> ArticleVersion:
    """Let readers see the newest version. Raises `NotFound`, `KeptInFiles`."""
    async with connection.transaction():
        article_id = await _own(connection, code)
        newest = (await queries.versions_of(connection, code))[0]
        made = (actor, from_us(clock()))
        await store.publish(connection, article_id, newest.article, terms=trade_terms(), made=made)
        return (await queries.versions_of(connection, code))[0]


async def retire_article(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Take an article out of what is found. Raises `NotFound`, `KeptInFiles`."""
    async with connection.transaction():
        await _own(connection, code)
        await store.retire_articles(connection, [code], at=from_us(clock()))


async def vote(
    connection: Connection, code: str, *, person: str, useful: bool, clock: ClockUs = now_us
) -> None:
    """Say whether an article helped; a person's newest word counts. Raises `NotFound`."""
    async with connection.transaction():
        held = await store.hold_article(connection, code)
        if held is None:
            raise NotFound("article", code)
        await store.vote(connection, held[0], person=person, useful=useful, at=from_us(clock()))


async def apply_articles(
    connection: Connection, wanted: Sequence[Article], *, clock: ClockUs = now_us
) -> Difference[Article]:
    """Bring articles in line with the files, published; what is kept in the database alone stays."""
    async with connection.transaction():
        names = {article.code for article in wanted}
        stored = await queries.find_articles(
            connection, queries.ArticleFilter(drafts=True, retired=True), limit=_ALL
        )
        present = {
            one.article.code: Stored(one.article, one.state is ArticleState.RETIRED)
            for one in stored
            if one.kept_in is KeptIn.FILES or one.article.code in names
        }
        difference = compare("article", {each.code: each for each in wanted}, present)
        keepers = {one.article.code: one.kept_in for one in stored}
        changed = {article.code for article in difference.write}
        at = from_us(clock())
        for article in wanted:
            if article.code in changed or keepers.get(article.code) is not KeptIn.FILES:
                article_id = await _write(
                    connection, article, kept_in=KeptIn.FILES, actor=_FILES, clock=clock
                )
                await store.publish(
                    connection, article_id, article, terms=trade_terms(), made=(_FILES, at)
                )
        await store.retire_articles(connection, difference.retire, at=at)
        return difference


async def index_orders(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """Make orders that were completed searchable, a few hundred in a transaction."""
    after: int | None = 0
    while after is not None:
        async with connection.transaction():
            after = await store.write_order_texts(
                connection, after=after, limit=_AT_ONCE, terms=trade_terms()
            )


async def _own(connection: Connection, code: str) -> int:
    """Id of an article that the database keeps, held."""
    held = await store.hold_article(connection, code)
    if held is None:
        raise NotFound("article", code)
    if held[1] is KeptIn.FILES:
        raise KeptInFiles("article", code)
    return held[0]


async def _write(
    connection: Connection, article: Article, *, kept_in: KeptIn, actor: str, clock: ClockUs
) -> int:
    """Id of the article, which has what is wanted as its newest version."""
    made = (actor, from_us(clock()))
    made_id = await store.insert_article(connection, article.code, kept_in)
    if made_id is not None:
        await store.insert_version(connection, made_id, article, version=1, made=made)
        return made_id
    held = await store.hold_article(connection, article.code)
    if held is None:
        raise NotFound("article", article.code)
    article_id, _, version, _, _ = held
    if (await queries.versions_of(connection, article.code))[0].article != article:
        version += 1
        await store.insert_version(connection, article_id, article, version=version, made=made)
    await store.renew_article(connection, article_id, version=version, kept_in=kept_in)
    return article_id
