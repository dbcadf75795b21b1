import { signature } from "../../../worker/engine/query/expressions/expression-type.ts";
import { FUNCTION_GROUPS, functionOf } from "../../../worker/engine/query/expressions/functions/functions.ts";
import { BINDING } from "../../../worker/engine/query/expressions/print-expression.ts";

/** How a function or operator is written. */
function written(name: string): string {
  if (name === "neg") return "-a";
  if (name === "not") return "not a";
  return BINDING[name] === undefined ? signature(name) : `a ${name} b`;
}

function code(text: string): string {
  const safe = text.replaceAll("|", "\\|");
  return safe.includes("`") ? `\`\` ${safe} \`\`` : `\`${safe}\``;
}

/** The tables of functions of docs/query-language.md, made of the entries of the functions. */
export function functionTables(): string {
  const tables = Object.entries(FUNCTION_GROUPS).map(([title, group]) =>
    [`**${title}**`, "", "| | gives | example |", "|---|---|---|", ...Object.keys(group).map(functionRow)].join("\n"),
  );
  return `${tables.join("\n\n")}\n`;
}

function functionRow(name: string): string {
  const definition = functionOf(name);
  if (!definition) throw new TypeError(`there is no function ${name}`);
  const { aliases = [], doc, example } = definition;
  const also = aliases.length > 0 ? ` (also ${aliases.map(code).join(", ")})` : "";
  const [call, gives] = example;
  return `| ${code(written(name))}${also} | ${doc.replaceAll("|", "\\|")} | ${code(call)} = ${code(JSON.stringify(gives))} |`;
}
