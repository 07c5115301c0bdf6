// The function's setup: rows gather while a statement runs, and go together in the next one.
const { Pool } = global.get("pg");
const pool = new Pool({ host: env.get("BENCH_HOST"), port: env.get("BENCH_PORT"),
  user: env.get("BENCH_USER"), database: env.get("BENCH_DATABASE"), max: 1 });
const found = await pool.query("SELECT 'plant/' || replace(tag, '.', '/') AS topic, id FROM point");
const ids = new Map(found.rows.map((row) => [row.topic, row.id]));
const statement = {
  name: "insert",
  text: "INSERT INTO reading (point_id, ts, value, quality) SELECT id, to_timestamp(ts), value, 0 "
    + "FROM unnest($1::int[], $2::float8[], $3::float8[]) AS row (id, ts, value)",
};
let waiting = { ids: [], times: [], values: [] };
let busy = false;
let last = 0;
async function insert() {
  busy = true;
  while (waiting.ids.length > 0) {
    const rows = waiting;
    waiting = { ids: [], times: [], values: [] };
    await pool.query({ ...statement, values: [rows.ids, rows.times, rows.values] });
  }
  busy = false;
}
context.set("take", (topic, value) => {
  waiting.ids.push(ids.get(topic));
  last = Math.max(Date.now() * 1000, last + 1);
  waiting.times.push(last / 1e6);
  waiting.values.push(Number(value));
  if (waiting.ids.length >= 1000 && !busy) insert();
});
setInterval(() => { if (!busy) insert(); }, 100);
