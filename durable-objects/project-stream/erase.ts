import { type SqlDatabase, writeState } from "../storage.ts";
import { STATE } from "./tables.ts";
import type { ProjectSettings } from "./types.ts";

/** Empties every table that there is, whichever part made it, and leaves the settings that refuse: in one transaction, so that nothing is taken in between. */
export function eraseAll(sql: SqlDatabase, stub: ProjectSettings): void {
  const tables = sql
    .exec(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
    )
    .toArray()
    .map((row) => row.name as string);
  sql.transaction(() => {
    for (const table of tables) sql.exec(`DELETE FROM "${table.replaceAll('"', '""')}"`);
    writeState(sql, STATE.settings, stub);
  });
}
