/** `npm run check`: the import arrows (import-rules.ts), no code made from text, no file too long to read. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import ts from "typescript";
import { AREAS, type Area, RULES, WRAPS_ENTRY } from "./import-rules.ts";

const FILE_LINES_MAX = 500;
const CHECKED = ["worker", "durable-objects", "app/src", "clients", "test", "bench"];
/** Here text never becomes code: workerd refuses it, and so does the app's content policy. */
const NO_EVAL = /^(worker|durable-objects|app|clients)\//;

export interface SourceText {
  /** Path from the repository's root, with forward slashes. */
  path: string;
  text: string;
}

export interface Violation {
  path: string;
  line: number;
  message: string;
}

interface Import {
  specifier: string;
  typeOnly: boolean;
  line: number;
}

/** Everything in these files that breaks a rule, in order of path and line. */
export function checkSources(files: SourceText[]): Violation[] {
  const violations = files.flatMap(checkFile);
  return violations.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

function checkFile(file: SourceText): Violation[] {
  const violations: Violation[] = [];
  const complain = (line: number, message: string): number => violations.push({ path: file.path, line, message });
  const lines = file.text.split("\n").length - 1;
  if (lines > FILE_LINES_MAX) complain(1, `has ${lines} lines; ${FILE_LINES_MAX} is the most: split it`);
  const { imports, evals } = readSource(file);
  if (NO_EVAL.test(file.path)) for (const line of evals) complain(line, "makes code from text (eval or new Function)");
  const from = areaOf(file.path);
  if (from === null) return violations;
  for (const found of imports) {
    const reason = refusal(file.path, from, found);
    if (reason !== null) complain(found.line, reason);
  }
  return violations;
}

function refusal(path: string, from: Area, found: Import): string | null {
  const rule = RULES[from];
  if (!found.specifier.startsWith(".")) {
    const allowed =
      from === "app" && /^(\$|@?[a-z])/.test(found.specifier) ? true : rule.packages.some((name) => fits(name, found.specifier));
    return allowed ? null : `${from} may not import "${found.specifier}"${hint(rule.packages)}`;
  }
  const target = normalize(join(dirname(path), found.specifier)).replaceAll("\\", "/");
  const to = areaOf(target);
  if (to === null || to === from) return null;
  if (rule.values.includes(to) || (found.typeOnly && rule.types.includes(to))) return null;
  if (to === "index" && WRAPS_ENTRY.test(path)) return null;
  const only = rule.types.includes(to) ? " except for types (import type)" : "";
  return `${from} may not import ${to} (${target})${only}`;
}

function fits(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  return name === pattern || name.startsWith(`${pattern}/`);
}

function hint(packages: readonly string[]): string {
  return packages.length === 0 ? "" : `; only ${packages.join(", ")}`;
}

function areaOf(path: string): Area | null {
  return AREAS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? null;
}

function readSource(file: SourceText): { imports: Import[]; evals: number[] } {
  const imports: Import[] = [];
  const evals: number[] = [];
  for (const script of scriptsOf(file)) {
    const source = ts.createSourceFile(file.path, script, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
    const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    const visit = (node: ts.Node): void => {
      const specifier = specifierOf(node);
      if (specifier !== null) imports.push({ specifier, typeOnly: isTypeOnly(node), line: lineOf(node) });
      if (isEval(node)) evals.push(lineOf(node));
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { imports, evals };
}

/** A component's scripts keep their line numbers: what stands before them becomes empty lines. */
function scriptsOf(file: SourceText): string[] {
  if (!file.path.endsWith(".svelte")) return [file.text];
  return [...file.text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => {
    const start = match.index + match[0].indexOf(">") + 1;
    return "\n".repeat(file.text.slice(0, start).split("\n").length - 1) + match[1];
  });
}

function specifierOf(node: ts.Node): string | null {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return node.moduleSpecifier.text;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return node.argument.literal.text;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    return argument !== undefined && ts.isStringLiteralLike(argument) ? argument.text : null;
  }
  return null;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { isTypeOnly: whole, name, namedBindings } = node.importClause;
  if (whole) return true;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}

function isEval(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  return ts.isIdentifier(node.expression) && (node.expression.text === "Function" || node.expression.text === "eval");
}

/** The checked source files of a repository. */
export function readSources(root: string): SourceText[] {
  const files: SourceText[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && !entry.name.startsWith(".")) visit(path);
      } else if (/\.(ts|svelte|mjs|js)$/.test(entry.name)) {
        files.push({ path: relative(root, path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") });
      }
    }
  };
  for (const folder of CHECKED) if (statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory()) visit(join(root, folder));
  return files;
}

if (import.meta.main) {
  const files = readSources(join(import.meta.dirname, "../.."));
  const violations = checkSources(files);
  for (const { path, line, message } of violations) console.error(`${path}:${line}: ${message}`);
  console.log(`imports: ${files.length} files, ${violations.length} violations`);
  process.exit(violations.length === 0 ? 0 : 1);
}
