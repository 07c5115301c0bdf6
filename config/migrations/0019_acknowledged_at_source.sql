-- Who acknowledged an alarm at its device, as far as that tells; empty: nobody yet.
ALTER TABLE sensor_alarm ADD COLUMN acknowledged_by text NOT NULL DEFAULT '';
