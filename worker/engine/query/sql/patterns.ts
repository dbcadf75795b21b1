import { compileRegex, RegexError } from "../regex/regex.ts";

/** What LIKE's patterns are escaped with where nothing else is said, as in PostgreSQL. */
export const LIKE_ESCAPE = "\\";

/** A LIKE pattern's texts between `%`; null where it has a `_`, which stands for one character. */
export function likeParts(pattern: string, escaped_by: string): string[] | null {
  const parts = [""];
  let escaped = false;
  for (const letter of pattern) {
    if (!escaped && letter === escaped_by) escaped = true;
    else if (!escaped && letter === "%") parts.push("");
    else if (!escaped && letter === "_") return null;
    else {
      parts[parts.length - 1] += letter;
      escaped = false;
    }
  }
  const [first, ...others] = parts;
  const last = others.pop();
  return last === undefined ? parts : [first!, ...others.filter((part) => part !== ""), last];
}

/** The regular expression that means the same as a pattern of SIMILAR TO. */
export function similarRegex(pattern: string, escaped_by: string): string {
  let regex = "";
  let inside = false;
  let escaped = false;
  for (const letter of pattern) {
    if (escaped || (inside && letter === "\\" && escaped_by !== "\\")) regex += letter.replace(/[^\p{L}\p{N}\s_]/u, "\\$&");
    else if (letter === escaped_by) {
      escaped = true;
      continue;
    } else if (inside) regex += letter;
    else if (letter === "%") regex += ".*";
    else if (letter === "_") regex += ".";
    else regex += letter.replace(/[.^$\\]/, "\\$&");
    if (!escaped && letter === "[") inside = true;
    if (!escaped && letter === "]") inside = false;
    escaped = false;
  }
  return `(?s)^(?:${regex})$`;
}

/** What is wrong with a regular expression; null where nothing is. */
export function regexFault(pattern: string): string | null {
  try {
    compileRegex(pattern);
    return null;
  } catch (error) {
    if (error instanceof RegexError) return error.message;
    throw error;
  }
}
