-- Cleared events go when their time is over, also those that somebody acknowledged or shelved. What was
-- done about them stays: the audit trail, and who shelved what, outlive the event that they name.

ALTER TABLE alarm_change DROP CONSTRAINT alarm_change_event_id_fkey;
ALTER TABLE alarm_shelf DROP CONSTRAINT alarm_shelf_event_id_fkey;

-- What people did about silences, newest first, among all that was done to events.
CREATE INDEX alarm_change_silence ON alarm_change (id) WHERE action IN (
    'shelve', 'unshelve', 'shelf_expired', 'take_out_of_service', 'return_to_service', 'suppress',
    'end_suppression'
);
