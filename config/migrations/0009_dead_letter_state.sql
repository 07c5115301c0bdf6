-- What became of a dead letter, and where it came from: a reader's rows, or a source's payload.

ALTER TABLE dead_letter
    -- readings, alarms: rows of a batch. record: a record of the log that is no batch.
    -- payload: what a source sent and nobody could read.
    ADD COLUMN kind text CHECK (kind IN ('readings', 'alarms', 'record', 'payload')),
    ADD COLUMN edge text,
    -- Of a payload: its source, the address it came from there, and when.
    ADD COLUMN source text NOT NULL DEFAULT '',
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN received_at timestamptz,
    ADD COLUMN state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'retried', 'discarded')),
    -- Who settled it, when, and why or with what result.
    ADD COLUMN settled_at timestamptz,
    ADD COLUMN settled_by text,
    ADD COLUMN settled_note text,
    ADD CONSTRAINT dead_letter_settled CHECK (
        (state = 'open') = (settled_at IS NULL)
        AND (state = 'open') = (settled_by IS NULL)
        AND (state = 'open') = (settled_note IS NULL)
    );

-- An Arrow stream begins with its schema, whose length stands in bytes 4 to 7, least first; of the
-- two schemas only that of alarms has a column `severity`.
UPDATE dead_letter
SET edge = split_part(batch, ':', 1),
    received_at = created_at,
    kind = CASE
        WHEN rows IS NULL THEN 'record'
        WHEN position('severity'::bytea IN
                      substring(data FROM 1 FOR 8 + get_byte(data, 4) + 256 * get_byte(data, 5))) > 0
            THEN 'alarms'
        ELSE 'readings'
    END;

ALTER TABLE dead_letter
    ALTER COLUMN kind SET NOT NULL,
    ALTER COLUMN edge SET NOT NULL,
    ALTER COLUMN received_at SET NOT NULL;

CREATE INDEX dead_letter_state ON dead_letter (state, id);
CREATE INDEX dead_letter_source ON dead_letter (source, id) WHERE kind = 'payload';
