import { statSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { median } from "../report.ts";

const THREADS = "2";

/** DuckDB with two threads: writes the same rows as Parquet and answers the same questions from it. */
export class Peer {
  private readonly connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  static async open(): Promise<Peer> {
    const instance = await DuckDBInstance.create(":memory:", { threads: THREADS });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new Peer(connection);
  }

  /** @returns time and size of the NDJSON's rows written as Parquet with zstd, as they come. */
  async write(ndjson_path: string, parquet_path: string): Promise<{ took_ms: number; size_bytes: number }> {
    const started_ms = performance.now();
    await this.connection.run(
      `COPY (SELECT * FROM read_json('${ndjson_path}', format = 'newline_delimited')) TO '${parquet_path}' (FORMAT parquet, COMPRESSION zstd)`,
    );
    const took_ms = performance.now() - started_ms;
    await this.show(parquet_path);
    return { took_ms, size_bytes: statSync(parquet_path).size };
  }

  /** Makes Parquet files (one path or a pattern) the table that questions are asked of. */
  async show(path: string): Promise<void> {
    await this.connection.run(`CREATE OR REPLACE VIEW logs AS SELECT * FROM read_parquet('${path}', union_by_name = true)`);
  }

  async rows(sql: string): Promise<unknown[][]> {
    return (await this.connection.runAndReadAll(sql)).getRowsJson();
  }

  /** Median after one run that is not counted. */
  async time_ms(sql: string, runs: number): Promise<number> {
    const times_ms: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const started_ms = performance.now();
      await this.connection.runAndReadAll(sql);
      times_ms.push(performance.now() - started_ms);
    }
    return median(times_ms.slice(1));
  }
}
