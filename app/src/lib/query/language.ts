/** The colours of the query language in the editor. What is right and wrong the service's own parser says. */
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

interface State {
  /** Between a pipe and its name. */
  piped: boolean;
  /** After `stats`, `eval` and the like, names with a parenthesis are functions. */
  in_pipe: boolean;
}

const parser: StreamParser<State> = {
  startState: () => ({ piped: false, in_pipe: false }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (stream.match("|")) {
      state.piped = true;
      state.in_pipe = true;
      return "operatorKeyword";
    }
    if (state.piped) {
      state.piped = false;
      if (stream.match(/^[A-Za-z_]+/)) return "keyword";
    }
    const quote = stream.peek();
    if (quote === '"' || quote === "'") return readQuoted(stream, quote);
    if (stream.match(/^(AND|OR|NOT|TO)(?=[\s()]|$)/)) return "operatorKeyword";
    if (state.in_pipe && stream.match(/^(by|as|where|from|desc|asc|and|or|not|is|null|in|between|like)(?=[\s(]|$)/i))
      return "operatorKeyword";
    if (stream.match(/^[\p{L}_][\p{L}\p{N}_]*(?=\()/u)) return "functionName";
    if (stream.match(/^[-!]?[\p{L}_@$][\p{L}\p{N}_.@$/-]*(?=\s*:)/u)) return "propertyName";
    if (stream.match(/^:[<>=!~]*/)) return "punctuation";
    if (stream.match(/^\d+(?:\.\d+)?(?:us|ms|s|m|h|d|w)?(?![\p{L}\p{N}_.-])/u)) return "number";
    if (stream.match(/^[()[\]{},]/)) return "punctuation";
    if (stream.match(/^[-+*/%<>=!~]+/)) return "operator";
    if (stream.match(/^[^\s|()[\]{},:"']+/)) return state.in_pipe ? "variableName" : "string";
    stream.next();
    return null;
  },
};

function readQuoted(stream: Parameters<typeof parser.token>[0], quote: string): string {
  stream.next();
  let escaped = false;
  for (let character = stream.next(); character; character = stream.next()) {
    if (character === quote && !escaped) break;
    escaped = character === "\\" && !escaped;
  }
  return stream.match(/^(?=\s*:)/) ? "propertyName" : "string";
}

const look = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.operatorKeyword, color: "var(--accent)" },
  { tag: tags.propertyName, color: "var(--series-6)" },
  { tag: tags.function(tags.variableName), color: "var(--series-2)" },
  { tag: tags.number, color: "var(--number)" },
  { tag: [tags.punctuation, tags.operator], color: "var(--muted)" },
]);

export function queryLanguage() {
  return [StreamLanguage.define({ ...parser, tokenTable: { functionName: tags.function(tags.variableName) } }), syntaxHighlighting(look)];
}
