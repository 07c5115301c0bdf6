"""When the days of a database of level 3 become columns: as the settings say."""

from config.database import Connection, Level, find_level

# A day that still gets readings in order is dear to convert again: the policy is the server's own.
TIMESCALE_ALTER_POLICY = """
SELECT alter_job(job_id,
                 config => jsonb_set(config, '{compress_after}', to_jsonb(%(days)s::text || ' days')))
FROM timescaledb_information.jobs
WHERE proc_name = 'policy_compression' AND hypertable_schema = current_schema()
  AND hypertable_name = 'reading'
  AND (config ->> 'compress_after')::interval <> %(days)s::integer * interval '1 day'
"""


async def state_policy(connection: Connection, *, after_days: int) -> None:
    """Have the columnstore's policy take days that ended so long ago; other levels have none."""
    if await find_level(connection) is Level.COLUMNSTORE:
        await connection.execute(TIMESCALE_ALTER_POLICY, {"days": after_days})
