/**
 * What is known of an expression's values before any event is seen. Values are texts, numbers, truth values or null; a time is a number of
 * microseconds, a level a text whose order is its severity. `any`: each value may be of another kind, as those of attributes are.
 */
export type ValueType = "number" | "text" | "bool" | "time" | "level" | "null" | "any";

/** The type of values that come from either of two sources. */
export function unify(left: ValueType, right: ValueType): ValueType {
  if (left === right || right === "null") return left;
  if (left === "null") return right;
  const texts = (left === "level" || left === "text") && (right === "level" || right === "text");
  return texts ? "text" : "any";
}
