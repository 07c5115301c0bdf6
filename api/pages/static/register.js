// The register: a new asset, and a table of assets that is looked at before it is taken in.

import { letAct } from "/static/act.js";
import { ask, letImport } from "/static/import.js";
import { follow, keepAges } from "/static/live.js";

letImport(async (file, dryRun) => {
  const options = { headers: { "Content-Type": "text/csv" }, body: file };
  const { body, problem, wrong } = await ask(`/api/v1/asset-table?dry_run=${dryRun}`, options);
  if (wrong) return refusedRows(file, wrong);
  if (problem) return { problem };
  return {
    says: `${file.name}: ${body.changes.length} to change, ${body.unchanged} unchanged.`,
    head: ["Asset", "Becomes", "What changes"],
    rows: body.changes.map(({ kind, tag, fields }) => [tag, kind, fields.join(", ")]),
    todo: body.changes.length > 0,
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
letAct();
follow({});
keepAges();
