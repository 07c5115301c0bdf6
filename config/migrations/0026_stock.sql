-- Materials, procurement and costs. Amounts are whole minor units of the plant's one currency,
-- quantities are exact to a thousandth. What was booked is never changed: it is reversed.

CREATE TABLE part (
    id                   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code                 text NOT NULL UNIQUE,
    name                 text NOT NULL,
    unit                 text NOT NULL DEFAULT '1',
    -- Codes of the asset classes and tags of the assets that it fits.
    classes              text[] NOT NULL DEFAULT '{}',
    assets               text[] NOT NULL DEFAULT '{}',
    -- [{"manufacturer", "number"}]
    manufacturer_numbers jsonb NOT NULL DEFAULT '[]',
    -- Codes of parts that may be used in its place, the best one first.
    alternatives         text[] NOT NULL DEFAULT '{}',
    lead_time_days       integer NOT NULL DEFAULT 0 CHECK (lead_time_days >= 0),
    -- What one costs where no receipt has said so yet.
    standard_cost_minor  bigint NOT NULL DEFAULT 0 CHECK (standard_cost_minor >= 0),
    kept_in              text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    version              integer NOT NULL DEFAULT 1,
    retired_at           timestamptz
);
CREATE INDEX part_alternatives ON part USING gin (alternatives);

CREATE TABLE storeroom (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code           text NOT NULL UNIQUE,
    name           text NOT NULL,
    site_id        integer NOT NULL REFERENCES site,
    -- May somebody with the permission take out more than the books say is there?
    negative_stock text NOT NULL DEFAULT 'refused' CHECK (negative_stock IN ('refused', 'permitted')),
    -- Codes of its bins; one that is no longer named keeps its row and what lies in it.
    bins           text[] NOT NULL,
    kept_in        text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    version        integer NOT NULL DEFAULT 1,
    retired_at     timestamptz
);
CREATE INDEX storeroom_site ON storeroom (site_id);

CREATE TABLE bin (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    storeroom_id integer NOT NULL REFERENCES storeroom,
    code         text NOT NULL,
    UNIQUE (storeroom_id, code)
);

-- A part in a storeroom: how much is wanted there, and the balance of its ledger. Whoever moves or
-- reserves holds this row, so the balance is the sum of the ledger at every commit.
CREATE TABLE part_stock (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part_id       integer NOT NULL REFERENCES part,
    storeroom_id  integer NOT NULL REFERENCES storeroom,
    -- Where it lies unless somebody says otherwise.
    bin_id        integer NOT NULL REFERENCES bin,
    -- Is it meant to be kept there, or did it only come to lie there?
    stocked       boolean NOT NULL DEFAULT false,
    minimum       numeric(14, 3) CHECK (minimum >= 0),
    maximum       numeric(14, 3) CHECK (maximum >= minimum AND maximum >= reorder_point),
    reorder_point numeric(14, 3) CHECK (reorder_point >= 0),
    on_hand       numeric(14, 3) NOT NULL DEFAULT 0,
    value_minor   bigint NOT NULL DEFAULT 0,
    -- Sum of what open reservations hold for sure.
    committed     numeric(14, 3) NOT NULL DEFAULT 0,
    -- The last average cost that was known, as an exact ratio; it prices what leaves an empty shelf.
    rate_minor    bigint,
    rate_quantity numeric(14, 3) CHECK (rate_quantity <> 0),
    -- Number of the newest ledger entry.
    position      bigint NOT NULL DEFAULT 0,
    UNIQUE (part_id, storeroom_id),
    CONSTRAINT part_stock_committed CHECK (committed >= 0 AND committed <= greatest(on_hand, 0)),
    CONSTRAINT part_stock_worth CHECK (on_hand <> 0 OR value_minor = 0)
);
CREATE INDEX part_stock_storeroom ON part_stock (storeroom_id);
CREATE INDEX part_stock_low ON part_stock (id) WHERE reorder_point IS NOT NULL;

CREATE TABLE bin_stock (
    part_stock_id integer NOT NULL REFERENCES part_stock,
    bin_id        integer NOT NULL REFERENCES bin,
    on_hand       numeric(14, 3) NOT NULL,
    PRIMARY KEY (part_stock_id, bin_id)
);

CREATE TABLE stock_ledger (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part_stock_id     integer NOT NULL REFERENCES part_stock,
    -- 1, 2, 3 ... without a gap: written under the lock of the part in its storeroom.
    position          bigint NOT NULL,
    bin_id            integer NOT NULL REFERENCES bin,
    kind              text NOT NULL CHECK (kind IN (
        'receipt', 'issue', 'return', 'transfer', 'adjustment', 'reversal', 'revaluation'
    )),
    quantity          numeric(14, 3) NOT NULL,
    value_minor       bigint NOT NULL,
    on_hand_after     numeric(14, 3) NOT NULL,
    value_after_minor bigint NOT NULL,
    bin_after         numeric(14, 3) NOT NULL,
    work_order_id     bigint REFERENCES work_order,
    -- The issue that a return gives back, the entry that a reversal takes back.
    returns_id        bigint REFERENCES stock_ledger,
    reverses_id       bigint UNIQUE REFERENCES stock_ledger,
    -- The other side of a transfer, by the same text; the line of a purchase that was received.
    transfer          text,
    purchase_line_id  bigint,
    -- Who let the stock fall below nothing, and why.
    permit            text,
    reason            text NOT NULL DEFAULT '',
    actor             text NOT NULL,
    at                timestamptz NOT NULL,
    UNIQUE (part_stock_id, position),
    CONSTRAINT stock_ledger_never_negative CHECK (
        quantity >= 0 OR permit IS NOT NULL OR (on_hand_after >= 0 AND bin_after >= 0)
    ),
    CHECK (kind = 'revaluation' OR quantity <> 0),
    CHECK (kind <> 'revaluation' OR quantity = 0),
    CHECK ((kind = 'return') = (returns_id IS NOT NULL)),
    CHECK ((kind = 'reversal') = (reverses_id IS NOT NULL))
);
CREATE INDEX stock_ledger_order ON stock_ledger (work_order_id, id) WHERE work_order_id IS NOT NULL;
CREATE INDEX stock_ledger_returns ON stock_ledger (returns_id) WHERE returns_id IS NOT NULL;
CREATE INDEX stock_ledger_at ON stock_ledger (at) WHERE work_order_id IS NOT NULL;
CREATE TRIGGER stock_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A shelf that somebody counted: what was there, and what the books said at that entry.
CREATE TABLE stock_count (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part_stock_id integer NOT NULL REFERENCES part_stock,
    bin_id        integer NOT NULL REFERENCES bin,
    position      bigint NOT NULL,
    counted       numeric(14, 3) NOT NULL CHECK (counted >= 0),
    expected      numeric(14, 3) NOT NULL,
    -- The adjustment; null: the books were right.
    ledger_id     bigint UNIQUE REFERENCES stock_ledger,
    reason        text NOT NULL,
    actor         text NOT NULL,
    at            timestamptz NOT NULL
);
CREATE INDEX stock_count_stock ON stock_count (part_stock_id, id DESC);

-- What an order wants from a storeroom. A hard one commits what is available, and what comes in
-- later, until it has all; a soft one says what is planned and takes nothing from others.
CREATE TABLE reservation (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    part_stock_id integer NOT NULL REFERENCES part_stock,
    strength      text NOT NULL CHECK (strength IN ('soft', 'hard')),
    quantity      numeric(14, 3) NOT NULL CHECK (quantity > 0),
    committed     numeric(14, 3) NOT NULL DEFAULT 0 CHECK (committed >= 0),
    issued        numeric(14, 3) NOT NULL DEFAULT 0 CHECK (issued >= 0),
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'issued', 'released', 'expired')),
    -- What asked for it, so that it is asked for once: a line of the order's job plan.
    source        text,
    expires_at    timestamptz,
    reason        text NOT NULL DEFAULT '',
    made_by       text NOT NULL,
    made_at       timestamptz NOT NULL,
    ended_at      timestamptz,
    UNIQUE (work_order_id, source),
    CHECK (committed + issued <= quantity),
    CHECK (strength = 'hard' OR committed = 0),
    CHECK (state = 'open' OR committed = 0)
);
CREATE INDEX reservation_order ON reservation (work_order_id);
CREATE INDEX reservation_open ON reservation (part_stock_id, id) WHERE state = 'open';
CREATE INDEX reservation_expiring ON reservation (expires_at) WHERE state = 'open';

CREATE TABLE vendor (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code           text NOT NULL UNIQUE,
    name           text NOT NULL,
    email          text,
    lead_time_days integer NOT NULL DEFAULT 0 CHECK (lead_time_days >= 0),
    -- How much more than ordered is taken without asking, in per cent.
    over_delivery_percent integer NOT NULL DEFAULT 0 CHECK (over_delivery_percent BETWEEN 0 AND 100),
    kept_in        text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    version        integer NOT NULL DEFAULT 1,
    retired_at     timestamptz
);

-- A vendor's price of a part from a day to a day (both counted), from a quantity upwards.
CREATE TABLE price_agreement (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id      integer NOT NULL REFERENCES vendor,
    part_id        integer NOT NULL REFERENCES part,
    from_quantity  numeric(14, 3) NOT NULL DEFAULT 0 CHECK (from_quantity >= 0),
    -- So much for so many: 1990 for 100 pieces.
    price_minor    bigint NOT NULL CHECK (price_minor >= 0),
    per            numeric(14, 3) NOT NULL DEFAULT 1 CHECK (per > 0),
    valid_from     date NOT NULL,
    valid_to       date CHECK (valid_to >= valid_from),
    -- Left out: the vendor's.
    lead_time_days integer CHECK (lead_time_days >= 0),
    retired_at     timestamptz
);
CREATE INDEX price_agreement_part ON price_agreement (part_id, vendor_id) WHERE retired_at IS NULL;

CREATE TABLE service_contract (
    id                   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code                 text NOT NULL UNIQUE,
    name                 text NOT NULL,
    vendor_id            integer NOT NULL REFERENCES vendor,
    valid_from           date NOT NULL,
    valid_to             date NOT NULL CHECK (valid_to >= valid_from),
    -- What may be called off in all; null: without a bound.
    value_minor          bigint CHECK (value_minor >= 0),
    minutes              integer CHECK (minutes >= 0),
    rate_minor_per_hour  bigint NOT NULL DEFAULT 0 CHECK (rate_minor_per_hour >= 0),
    response_minutes     integer CHECK (response_minutes > 0),
    -- Codes of the asset classes and tags of the assets that it is for; both empty: every asset.
    classes              text[] NOT NULL DEFAULT '{}',
    assets               text[] NOT NULL DEFAULT '{}',
    terms                text NOT NULL DEFAULT '',
    kept_in              text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    version              integer NOT NULL DEFAULT 1,
    retired_at           timestamptz
);

CREATE TABLE purchase_order (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number     text GENERATED ALWAYS AS ('PO-' || lpad(id::text, greatest(6, length(id::text)), '0')) STORED UNIQUE,
    vendor_id  integer NOT NULL REFERENCES vendor,
    storeroom_id integer NOT NULL REFERENCES storeroom,
    state      text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'sent', 'closed', 'cancelled')),
    version    integer NOT NULL DEFAULT 1,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz,
    ended_at   timestamptz,
    reason     text NOT NULL DEFAULT ''
);
CREATE INDEX purchase_order_state ON purchase_order (state, id DESC);
-- One draft gathers what is to be ordered from a vendor for a storeroom.
CREATE UNIQUE INDEX purchase_order_draft ON purchase_order (vendor_id, storeroom_id) WHERE state = 'draft';

CREATE TABLE purchase_line (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purchase_order_id bigint NOT NULL REFERENCES purchase_order,
    part_id           integer NOT NULL REFERENCES part,
    quantity          numeric(14, 3) NOT NULL CHECK (quantity > 0),
    received          numeric(14, 3) NOT NULL DEFAULT 0 CHECK (received >= 0),
    cancelled         numeric(14, 3) NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    price_minor       bigint NOT NULL CHECK (price_minor >= 0),
    per               numeric(14, 3) NOT NULL CHECK (per > 0),
    promised_on       date,
    -- Why this vendor and this price.
    choice            text NOT NULL
);
CREATE INDEX purchase_line_order ON purchase_line (purchase_order_id);
CREATE INDEX purchase_line_part ON purchase_line (part_id);

CREATE TABLE requisition (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number            text GENERATED ALWAYS AS ('RQ-' || lpad(id::text, greatest(6, length(id::text)), '0')) STORED UNIQUE,
    part_id           integer NOT NULL REFERENCES part,
    storeroom_id      integer NOT NULL REFERENCES storeroom,
    quantity          numeric(14, 3) NOT NULL CHECK (quantity > 0),
    cause             text NOT NULL CHECK (cause IN ('reorder', 'order', 'person')),
    work_order_id     bigint REFERENCES work_order,
    -- What an order lacks is asked for once.
    reservation_id    bigint UNIQUE REFERENCES reservation,
    state             text NOT NULL DEFAULT 'open' CHECK (state IN (
        'open', 'approved', 'ordered', 'rejected', 'cancelled'
    )),
    version           integer NOT NULL DEFAULT 1,
    needed_by         date,
    -- What it will cost by the best agreement of the day; null: nobody has agreed on a price.
    estimate_minor    bigint,
    reason            text NOT NULL,
    requested_by      text NOT NULL,
    requested_at      timestamptz NOT NULL,
    decided_by        text,
    decided_at        timestamptz,
    decision          text NOT NULL DEFAULT '',
    purchase_line_id  bigint REFERENCES purchase_line,
    CHECK ((state = 'ordered') = (purchase_line_id IS NOT NULL))
);
-- Reaching the reorder point asks once for a part in a storeroom, however often it is looked at.
CREATE UNIQUE INDEX requisition_reorder ON requisition (part_id, storeroom_id)
    WHERE cause = 'reorder' AND state IN ('open', 'approved');
CREATE INDEX requisition_state ON requisition (state, id DESC);
CREATE INDEX requisition_part ON requisition (part_id, storeroom_id) WHERE state IN ('open', 'approved');
CREATE INDEX requisition_work_order ON requisition (work_order_id) WHERE work_order_id IS NOT NULL;
CREATE INDEX requisition_line ON requisition (purchase_line_id) WHERE purchase_line_id IS NOT NULL;

-- A delivery of a line; `difference_minor` is what it cost more than was agreed.
CREATE TABLE purchase_receipt (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purchase_line_id bigint NOT NULL REFERENCES purchase_line,
    ledger_id        bigint NOT NULL UNIQUE REFERENCES stock_ledger,
    quantity         numeric(14, 3) NOT NULL CHECK (quantity > 0),
    amount_minor     bigint NOT NULL CHECK (amount_minor >= 0),
    difference_minor bigint NOT NULL,
    delivery_note    text NOT NULL DEFAULT '',
    reason           text NOT NULL DEFAULT '',
    actor            text NOT NULL,
    at               timestamptz NOT NULL
);
CREATE INDEX purchase_receipt_line ON purchase_receipt (purchase_line_id);
CREATE TRIGGER purchase_receipt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON purchase_receipt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Work of others on an order: agreed, then accepted by somebody who saw it, perhaps in parts.
CREATE TABLE external_work (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    vendor_id     integer NOT NULL REFERENCES vendor,
    contract_id   integer REFERENCES service_contract,
    description   text NOT NULL,
    -- What is held of the contract until it is accepted or cancelled.
    agreed_minor  bigint NOT NULL CHECK (agreed_minor >= 0),
    agreed_minutes integer NOT NULL DEFAULT 0 CHECK (agreed_minutes >= 0),
    state         text NOT NULL DEFAULT 'agreed' CHECK (state IN ('agreed', 'accepted', 'cancelled')),
    respond_by    timestamptz,
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    ended_by      text,
    ended_at      timestamptz
);
CREATE INDEX external_work_order ON external_work (work_order_id);
CREATE INDEX external_work_contract ON external_work (contract_id) WHERE contract_id IS NOT NULL;

CREATE TABLE service_entry (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_work_id bigint NOT NULL REFERENCES external_work,
    work_order_id    bigint NOT NULL REFERENCES work_order,
    amount_minor     bigint NOT NULL,
    minutes          integer NOT NULL,
    reverses_id      bigint UNIQUE REFERENCES service_entry,
    reason           text NOT NULL DEFAULT '',
    actor            text NOT NULL,
    at               timestamptz NOT NULL
);
CREATE INDEX service_entry_order ON service_entry (work_order_id);
CREATE INDEX service_entry_work ON service_entry (external_work_id);
CREATE TRIGGER service_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON service_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the room of costs books itself: labour, frozen when an order is completed, and the rest.
CREATE TABLE cost_entry (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    kind          text NOT NULL CHECK (kind IN ('labour', 'other')),
    amount_minor  bigint NOT NULL,
    -- What it stands for, so that it is booked once: `labour/17/0`, entry 17 before the first reopening.
    source        text UNIQUE,
    reverses_id   bigint UNIQUE REFERENCES cost_entry,
    description   text NOT NULL,
    actor         text NOT NULL,
    at            timestamptz NOT NULL
);
CREATE INDEX cost_entry_order ON cost_entry (work_order_id);
CREATE TRIGGER cost_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cost_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every cost of an order. Each row stands in an append-only table: none of it moves with today's price.
CREATE VIEW order_cost AS
SELECT work_order_id, 'material' AS kind, 'stock_ledger' AS booked_in, id AS entry_id,
       -value_minor AS amount_minor, at, actor
FROM stock_ledger WHERE work_order_id IS NOT NULL
UNION ALL
SELECT work_order_id, 'service', 'service_entry', id, amount_minor, at, actor FROM service_entry
UNION ALL
SELECT work_order_id, kind, 'cost_entry', id, amount_minor, at, actor FROM cost_entry;

-- What a like asset would cost today; the register's own facts know nothing of money.
CREATE TABLE replacement_value (
    asset_id     integer PRIMARY KEY REFERENCES asset,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    set_by       text NOT NULL,
    set_at       timestamptz NOT NULL
);
