/** A query that is well formed asks for more than one evaluation may take. The message is for its writer. */
export class QueryLimitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "QueryLimitError";
  }
}
