-- Knowledge: articles in versions, what readers thought of them, and closed orders by their words.

-- pg_trgm comes with PostgreSQL's own additions; where it is not installed, a function of ours does
-- the same for the few words that are compared.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    END IF;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
    RAISE NOTICE 'pg_trgm cannot be made here: words are compared without it';
END
$$;

-- How alike two words are, from 0 to 1: the share of three-letter pieces that they have in common.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE FUNCTION word_likeness(one text, other text) RETURNS real
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT similarity(one, other)';
    ELSE
        CREATE FUNCTION word_likeness(one text, other text) RETURNS real
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
            WITH pieces AS (
                SELECT word, substr(padded, start, 3) AS piece
                FROM (VALUES (1, '  ' || lower(one) || ' '), (2, '  ' || lower(other) || ' '))
                     AS words (word, padded),
                     generate_series(1, length(padded) - 2) AS start
                GROUP BY 1, 2
            ), counted AS (SELECT piece, count(*) AS words FROM pieces GROUP BY piece)
            SELECT (count(*) FILTER (WHERE words = 2) / greatest(count(*), 1)::real)::real
            FROM counted
        $body$;
    END IF;
END
$$;

CREATE TABLE article (
    id                integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code              text NOT NULL UNIQUE,
    kept_in           text NOT NULL CHECK (kept_in IN ('files', 'database')),
    newest_version    integer NOT NULL DEFAULT 1 CHECK (newest_version > 0),
    -- What readers see; null: a draft that nobody has published.
    published_version integer CHECK (published_version <= newest_version),
    published_by      text,
    published_at      timestamptz,
    retired_at        timestamptz
);

-- Never changed: a correction is a further version.
CREATE TABLE article_version (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id    integer NOT NULL REFERENCES article,
    version       integer NOT NULL CHECK (version > 0),
    language      text NOT NULL CHECK (language IN ('en', 'de')),
    title         text NOT NULL,
    symptoms      text[] NOT NULL DEFAULT '{}',
    asset_classes text[] NOT NULL DEFAULT '{}',
    failure_modes text[] NOT NULL DEFAULT '{}',
    -- Markdown.
    body          text NOT NULL,
    made_by       text NOT NULL,
    made_at       timestamptz NOT NULL,
    UNIQUE (article_id, version)
);
CREATE TRIGGER article_version_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON article_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The published version by its words: title A, symptoms B, text D; concepts of the trade as `~leak`.
CREATE TABLE article_text (
    article_id    integer PRIMARY KEY REFERENCES article,
    words         tsvector NOT NULL,
    asset_classes text[] NOT NULL,
    failure_modes text[] NOT NULL
);
CREATE INDEX article_text_words ON article_text USING gin (words);

-- Words as articles write them: what a mistyped word may have meant.
CREATE TABLE article_word (
    word text PRIMARY KEY
);

CREATE TABLE article_vote (
    article_id integer NOT NULL REFERENCES article,
    person     text NOT NULL,
    useful     boolean NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (article_id, person)
);

-- Orders that were completed, by their words; the order's own row is not touched.
CREATE TABLE order_text (
    work_order_id bigint PRIMARY KEY REFERENCES work_order,
    asset_class   text NOT NULL,
    asset_id      integer NOT NULL,
    failure_mode  text,
    words         tsvector NOT NULL
);
CREATE INDEX order_text_words ON order_text USING gin (words);
CREATE INDEX order_text_class ON order_text (asset_class, work_order_id DESC);
