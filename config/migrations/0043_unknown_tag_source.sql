-- A tag without a point is counted for each source that sends it: who has to be told to stop, or to be
-- given the point, is known. Rows of before, and of edges that do not say, have no source.

ALTER TABLE unknown_tag
    ADD COLUMN source text NOT NULL DEFAULT '',
    DROP CONSTRAINT unknown_tag_pkey,
    ADD PRIMARY KEY (tag, edge, source);
