import { QuerySyntaxError, type SyntaxFault } from "../syntax-error.ts";

/** A stretch of the statement's text, in UTF-16 units from 0. */
export interface Span {
  position: number;
  end: number;
}

/**
 * Refuses the statement.
 * @throws QuerySyntaxError
 */
export function fail(message: string, at: Span, source: string, expected: string, suggestion: string | null | undefined = null): never {
  const written = source.slice(at.position, at.end);
  const found = written === "" ? "the end" : written.length > FOUND_LENGTH_MAX ? `${written.slice(0, FOUND_LENGTH_MAX)}…` : written;
  const fault: SyntaxFault = { position: at.position, found, expected, suggestion };
  throw new QuerySyntaxError(suggestion ? `${message}; did you mean ${suggestion}?` : message, fault);
}

const FOUND_LENGTH_MAX = 60;
