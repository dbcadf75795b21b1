/** What has to be done so that a project has what a document says. */
import { countsAlike } from "../../engine/windows/compile-metric.ts";
import type { MetricDefinition } from "../../engine/windows/definition.ts";
import type { Config } from "./config-document.ts";

export type Action = "create" | "change" | "delete" | "keep" | "unchanged";

export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

export interface PlannedChange {
  kind: "metric";
  name: string;
  /** `keep`: the project has it, the document does not, and deletions were not asked for. */
  action: Action;
  fields: FieldChange[];
  /** Whether its values begin anew and are filled again. */
  recounts: boolean;
}

export interface Plan {
  changes: PlannedChange[];
  put: MetricDefinition[];
  remove: string[];
}

/**
 * @param present declared metrics as they are
 * @param prune whether what the document does not name is deleted
 */
export function planConfig(present: readonly MetricDefinition[], { metrics }: Config, prune: boolean): Plan {
  if (metrics === null) return { changes: [], put: [], remove: [] };
  const known = new Map(present.map((definition) => [definition.name, definition]));
  const wanted = new Set(metrics.map(({ name }) => name));
  const put: MetricDefinition[] = [];
  const changes = metrics.map((definition): PlannedChange => {
    const before = known.get(definition.name) ?? null;
    const after = before ? inOrderOf(definition, before) : definition;
    const fields = changedFields(before, after);
    const action = before === null ? "create" : fields.length > 0 ? "change" : "unchanged";
    if (action !== "unchanged") put.push(after);
    return {
      kind: "metric",
      name: after.name,
      action,
      fields,
      recounts: action === "create" || (before !== null && !countsAlike(before, after)),
    };
  });
  const others = present.filter(({ name }) => !wanted.has(name));
  const left = others.map((definition): PlannedChange => {
    const fields = prune ? changedFields(definition, null) : [];
    return { kind: "metric", name: definition.name, action: prune ? "delete" : "keep", fields, recounts: false };
  });
  return { changes: [...changes, ...left], put, remove: prune ? others.map(({ name }) => name) : [] };
}

/** In which order aggregations are written means nothing; what counts them keeps the order that it has. */
export function inOrderOf(definition: MetricDefinition, before: MetricDefinition): MetricDefinition {
  const names = Object.keys(definition.aggregations);
  const kept = Object.keys(before.aggregations).filter((name) => names.includes(name));
  const ordered = [...kept, ...names.filter((name) => !kept.includes(name))];
  return { ...definition, aggregations: Object.fromEntries(ordered.map((name) => [name, definition.aggregations[name]!])) };
}

/** Leaves of a definition by path, `window.size`. */
function leavesOf(definition: MetricDefinition | null): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (path: string, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) leaves.set(path, value);
    else for (const [name, inner] of Object.entries(value)) visit(path === "" ? name : `${path}.${name}`, inner);
  };
  if (definition) visit("", definition);
  leaves.delete("name");
  return leaves;
}

/** Fields that differ, each with its value on both sides; null where it is missing. */
export function changedFields(before: MetricDefinition | null, after: MetricDefinition | null): FieldChange[] {
  const [left, right] = [leavesOf(before), leavesOf(after)];
  const fields = [...new Set([...right.keys(), ...left.keys()])];
  return fields
    .map((field) => ({ field, before: left.get(field) ?? null, after: right.get(field) ?? null }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

export type Summary = Record<Action, number>;

export function summaryOf(changes: readonly PlannedChange[]): Summary {
  const summary: Summary = { create: 0, change: 0, delete: 0, keep: 0, unchanged: 0 };
  for (const { action } of changes) summary[action] += 1;
  return summary;
}
