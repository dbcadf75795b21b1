/** The words of the language and the fields that occur, for completion; asked for once, or once for each time. */
import { api, ask, type Schemas } from "../api/client.ts";

export type Reference = Schemas["QueryReference"];

let reference: Promise<Reference> | null = null;

export function queryReference(): Promise<Reference> {
  reference ??= ask(api.GET("/api/v1/query/reference")).catch((error: unknown) => {
    reference = null;
    throw error;
  });
  return reference;
}

interface Kept<T> {
  at_ms: number;
  answer: Promise<T>;
}
const KEPT_MS = 30_000;
const KEPT_MAX = 40;
const kept = new Map<string, Kept<unknown>>();

/** Remembers answers for a moment: completion asks the same again and again. */
function remembered<T>(key: string, make: () => Promise<T>): Promise<T> {
  const known = kept.get(key) as Kept<T> | undefined;
  if (known && Date.now() - known.at_ms < KEPT_MS) return known.answer;
  const answer = make();
  answer.catch(() => kept.delete(key));
  kept.set(key, { at_ms: Date.now(), answer });
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value ?? "");
  return answer;
}

export interface Span {
  from: string;
  to: string | null;
}

function span({ from, to }: Span): { from: string; to?: string } {
  return { from, ...(to === null ? {} : { to }) };
}

export function knownFields(range: Span): Promise<Schemas["Fields"]["fields"]> {
  return remembered(`fields ${range.from} ${range.to}`, async () => {
    const { fields } = await ask(api.GET("/api/v1/fields", { params: { query: span(range) } }));
    return fields;
  });
}

export function knownValues(name: string, prefix: string, range: Span): Promise<Schemas["FieldValues"]["values"]> {
  return remembered(`values ${name} ${prefix} ${range.from} ${range.to}`, async () => {
    const query = { ...span(range), limit: 50, ...(prefix === "" ? {} : { prefix }) };
    const { values } = await ask(api.GET("/api/v1/fields/{name}/values", { params: { path: { name }, query } }));
    return values;
  });
}
