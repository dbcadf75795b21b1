import type { Plan, TablePipe } from "../plan.ts";
import { StatsState } from "../stats/stats-state.ts";
import type { Table } from "../table.ts";
import type { Pipe } from "./pipe.ts";
import { pipeTable } from "./pipes.ts";
import { tableBatch } from "./table-batch.ts";
import { fillTable } from "./table-fill.ts";
import { rankTable } from "./table-rank.ts";

/** The table of a plan's reduction after the plan's pipes. */
export function runTable(plan: Plan, table: Table): Table {
  return plan.table.reduce(runPipe, table);
}

function runPipe(table: Table, pipe: TablePipe): Table {
  if (pipe.kind === "rank") return rankTable(pipe, table);
  if (pipe.kind === "fill") return fillTable(pipe, table);
  if (pipe.kind !== "stats") return pipeTable(pipe, table);
  const state = new StatsState(pipe);
  state.add(tableBatch(table), Uint32Array.from(table.rows.keys()));
  const { columns, rows, overflow } = state.result();
  return { columns, rows, overflow: overflow ?? table.overflow };
}

/** A table after the pipes that follow the `stats` of a query. */
export function applyPipes(table: Table, pipes: readonly Pipe[]): Table {
  return pipes.slice(pipes.findIndex(({ kind }) => kind === "stats") + 1).reduce(runPipe, table);
}
