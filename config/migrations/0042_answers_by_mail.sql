-- Messages to people at their own addresses, and answers to those who write mails.

ALTER TABLE channel DROP CONSTRAINT channel_kind_check;
ALTER TABLE channel ADD CONSTRAINT channel_kind_check CHECK (kind IN ('apprise', 'webhook', 'people'));

-- Of a channel of people: whom it is for, the address, and the mail that it answers.
ALTER TABLE delivery ADD COLUMN person text;
ALTER TABLE delivery ADD COLUMN recipient text;
ALTER TABLE delivery ADD COLUMN in_reply_to text;
-- Somebody is told of one thing once by the delivery's id, which is made of both.
ALTER TABLE delivery DROP CONSTRAINT delivery_channel_id_outbox_id_key;
CREATE UNIQUE INDEX delivery_of_channel ON delivery (channel_id, outbox_id)
    WHERE person IS NULL AND recipient IS NULL;
CREATE INDEX delivery_recipient ON delivery (recipient, created_at) WHERE recipient IS NOT NULL;

-- Why no answer is sent, else empty; answered once it lies in the deliveries.
ALTER TABLE mail_taken ADD COLUMN no_answer text NOT NULL DEFAULT 'it came before answers were sent';
ALTER TABLE mail_taken ALTER COLUMN no_answer SET DEFAULT '';
ALTER TABLE mail_taken ADD COLUMN answered_at timestamptz;
-- Secret of the address by which the sender follows the request that the mail made.
ALTER TABLE mail_taken ADD COLUMN follow text;
CREATE INDEX mail_taken_unanswered ON mail_taken (taken_at)
    WHERE answered_at IS NULL AND no_answer = '' AND outcome <> 'ignored';

-- What a requester was told last.
CREATE TABLE request_told (
    work_request_id bigint PRIMARY KEY REFERENCES work_request,
    stage           text NOT NULL,
    told_at         timestamptz NOT NULL
);
