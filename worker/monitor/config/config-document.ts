/** `ledge.yaml`: what a project should have, as one document in YAML or JSON. Mistakes are told with path and line. */
import { z } from "@hono/zod-openapi";
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { MetricDefinition } from "../../engine/windows/definition.ts";
import { Problem, validationProblem } from "../../errors.ts";
import { CONFIG_ALIASES_MAX, CONFIG_ERRORS_MAX, METRICS_PER_PROJECT_MAX } from "../../limits.ts";
import { MetricSchema, metricOf } from "../metric-schema.ts";

export const CONFIG_VERSION = 1;

/** A section that is missing is not touched. Sections for alerts, retention and others will stand beside `metrics`. */
export const ConfigSchema = z
  .strictObject({
    version: z.literal(CONFIG_VERSION).openapi({ description: "Of the form of this document." }),
    metrics: z.array(MetricSchema).max(METRICS_PER_PROJECT_MAX).optional(),
  })
  .openapi("LedgeConfig");

/** A document in its normal form. */
export interface Config {
  /** Null: the document does not speak of metrics. */
  metrics: MetricDefinition[] | null;
}

type Fault = NonNullable<Problem["details"]["errors"]>[number] & { line?: number; column?: number };
type Path = readonly (string | number)[];

/** A parsed text, with where its parts stand. */
interface Source {
  value: unknown;
  placeOf(path: Path): { line: number; column: number } | null;
}

/**
 * @param format of JSON the same reader takes most; what YAML reads differently is read as JSON
 * @throws Problem `bad_request` where the text cannot be read, `invalid` where its values are wrong
 */
export function readConfig(text: string, format: "yaml" | "json"): Config {
  const source = parseText(text, format);
  const parsed = ConfigSchema.safeParse(source.value);
  if (!parsed.success) {
    const { errors = [] } = validationProblem(parsed.error.issues, "config", source.value).details;
    const paths = parsed.error.issues.map(({ path, code, ...issue }) => {
      const unknown = code === "unrecognized_keys" ? ((issue as { keys?: string[] }).keys?.[0] ?? null) : null;
      return (unknown === null ? path : [...path, unknown]) as Path;
    });
    throw refused(
      errors
        .map((error, index) => ({ ...error, field: paths[index]!.join(".") }))
        .map((error, index) => placed(error, source, paths[index]!)),
    );
  }
  const { metrics } = parsed.data;
  return { metrics: metrics === undefined ? null : metricsOf(metrics, source) };
}

function metricsOf(inputs: readonly z.infer<typeof MetricSchema>[], source: Source): MetricDefinition[] {
  const faults: Fault[] = [];
  const names = new Set<string>();
  const metrics: MetricDefinition[] = [];
  for (const [index, input] of inputs.entries()) {
    try {
      metrics.push(metricOf(input, `metrics.${index}`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      for (const fault of error.details.errors ?? []) faults.push(placed(fault, source, pathOf(fault.field)));
    }
    if (names.has(input.name)) {
      const message = `there are two metrics ${input.name}`;
      faults.push(
        placed({ field: `metrics.${index}.name`, value: input.name, expected: "each name once", message }, source, [
          "metrics",
          index,
          "name",
        ]),
      );
    }
    names.add(input.name);
  }
  if (faults.length > 0) throw refused(faults);
  return metrics;
}

/** Names within paths have no dots: those of metrics' fields and aggregations are letters, digits and `_`. */
function pathOf(field: string): Path {
  return field.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function placed(fault: Fault, source: Source, path: Path): Fault {
  const place = source.placeOf(path);
  return place ? { ...fault, ...place } : fault;
}

function refused(faults: readonly Fault[]): Problem {
  const first = faults[0]!;
  const where = first.line === undefined ? "" : `line ${first.line}: `;
  const what = first.message.startsWith(first.field) ? first.message : `${first.field || "the document"}: ${first.message}`;
  const others = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  return new Problem("invalid", `${where}${what}${others}`, { errors: faults.slice(0, CONFIG_ERRORS_MAX) });
}

function parseText(text: string, format: "yaml" | "json"): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", uniqueKeys: true, prettyErrors: false, logLevel: "error" });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [error] = document.errors;
  if (error) {
    const value = format === "json" ? jsonOf(text) : undefined;
    if (value !== undefined) return { value, placeOf: () => null };
    throw unreadable(error.message, place(error.pos[0]));
  }
  const value = plainValue(document);
  return { value, placeOf: (path) => offsetOf(document, path, place) };
}

function plainValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: CONFIG_ALIASES_MAX });
  } catch (error) {
    if (error instanceof ReferenceError) throw unreadable(error.message, null);
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(message: string, place: { line: number; column: number } | null): Problem {
  const where = place ? `line ${place.line}, column ${place.column}: ` : "";
  return new Problem("bad_request", `The document cannot be read: ${where}${message}`, { errors: [{ field: "", message, ...place }] });
}

/** Where the part with a path stands; of what is missing, where it should be. */
function offsetOf<T>(document: Document, path: Path, place: (offset: number) => T): T | null {
  let node: unknown = document.contents;
  let found = isNode(node) ? startOf(node) : null;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(step));
      if (!pair) break;
      found = (isNode(pair.key) ? startOf(pair.key) : null) ?? found;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      found = (isNode(node) ? startOf(node) : null) ?? found;
    } else break;
  }
  return found === null ? null : place(found);
}

function startOf({ range }: Node): number | null {
  return range?.[0] ?? null;
}
