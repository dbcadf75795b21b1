/** What was wrong with a query, where, and what might have been meant. */
export interface SyntaxFault {
  /** Offset into the query text, in UTF-16 units from 0. */
  position: number;
  /** What stood there, as written; "the end" where nothing did. */
  found: string;
  /** What could have stood there. */
  expected: string;
  /** The known word that was probably meant. */
  suggestion?: string | null;
}

/** The only error that parsing a query throws. */
export class QuerySyntaxError extends Error {
  readonly position: number;
  readonly found: string;
  readonly expected: string;
  readonly suggestion: string | null;

  constructor(message: string, fault: SyntaxFault) {
    super(message);
    this.name = "QuerySyntaxError";
    this.position = fault.position;
    this.found = fault.found;
    this.expected = fault.expected;
    this.suggestion = fault.suggestion ?? null;
  }
}
