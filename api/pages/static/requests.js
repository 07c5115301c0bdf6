// The list of requests: many at once from a CSV file, after a look at what each row would do.

import { ask, letImport } from "/static/import.js";
import { follow, keepAges } from "/static/live.js";

letImport(async (file, dryRun) => {
  const options = { headers: { "Content-Type": "text/csv" }, body: file };
  const { body, problem, wrong } = await ask(`/api/v1/requests/import?dry_run=${dryRun}`, options);
  if (wrong) return refusedRows(file, wrong);
  if (problem) return { problem };
  return {
    says: `${file.name}: ${body.new} new, ${body.known.length} here already.`,
    head: ["Request", "Becomes"],
    rows: body.known.map((number) => [number, "stays as it is"]),
    todo: body.new > 0,
  };
});

function refusedRows(file, wrong) {
  return {
    says: `${file.name} is refused whole: ${wrong.length} to correct.`,
    head: ["Where", "What is wrong"],
    rows: wrong.map(({ field, message }) => [field, message]),
    refused: true,
  };
}
follow({});
keepAges();
