import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { decodeText } from "../../../worker/engine/decode/text.ts";
import { CONTEXT, records } from "./records.ts";

const folder = resolve(process.env.LEDGE_CORPORA ?? join(import.meta.dirname, "../../../../shared/corpora"));
const present = existsSync(folder);

/** Of each system: the share of lines whose time is found, and of those with a level. */
const SYSTEMS = [
  ["Android", 1, 1],
  ["BGL", 1, 1],
  ["HDFS", 1, 1],
  ["HPC", 0, 0],
  ["Hadoop", 1, 1],
  ["OpenSSH", 1, 0.02],
  ["OpenStack", 1, 1],
  ["Spark", 1, 1],
  ["Windows", 1, 1],
  ["Zookeeper", 1, 1],
] as const;

function read(path: string): Uint8Array {
  return readFileSync(join(folder, path));
}

describe(present ? "real logs" : "real logs (skipped: no corpora)", () => {
  it.skipIf(!present).each(SYSTEMS)("of %s are kept line by line, with time and level", (system, timed, levelled) => {
    const body = read(`loghub/${system}/${system}_2k.log`);
    const context = { ...CONTEXT, defaults: { service: system } };
    const found = records(decodeText(body, context));
    const lines = new TextDecoder()
      .decode(body)
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "");
    expect(found.map((record) => record.message)).toEqual(lines);
    expect(found.every((record) => record.service === system)).toBe(true);
    expect(found.filter((record) => record.timestamp !== record.ingest_ts).length / lines.length).toBe(timed);
    expect(found.filter((record) => record.level !== undefined).length / lines.length).toBeGreaterThanOrEqual(levelled);
  });

  it.skipIf(!present)("of a web server become requests", () => {
    const found = records(decodeText(read("web/apache_combined_semicomplete_2015.log"), CONTEXT));
    expect(found).toHaveLength(10_000);
    expect(
      found.every(
        (record) => record.timestamp.startsWith("2015-05-") && typeof record.attributes["http.response.status_code"] === "number",
      ),
    ).toBe(true);
    expect(found.filter((record) => record.attributes["http.request.method"] === "GET").length).toBeGreaterThan(9_900);
  });

  it.skipIf(!present)("nested JSON keeps every value", () => {
    const body = read("json/nginx_plus_status.ndjson");
    const found = records(decodeJson(body, CONTEXT));
    const lines = new TextDecoder().decode(body).trim().split("\n");
    expect(found).toHaveLength(lines.length);
    for (const [at, line] of lines.entries()) {
      const expected = flat(JSON.parse(line));
      expected.delete("timestamp");
      expect(new Map(Object.entries(found[at]!.attributes))).toEqual(expected);
    }
  });
});

function flat(value: object, prefix = "", found = new Map<string, unknown>()): Map<string, unknown> {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0)
      flat(inner, `${prefix}${name}.`, found);
    else if (inner !== null) found.set(prefix + name, inner);
  }
  return found;
}
