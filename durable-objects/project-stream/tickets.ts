import { TAIL_TICKETS_MAX } from "../../worker/limits.ts";
import { FreeRows, type SqlDatabase } from "../storage.ts";
import type { TailTicket } from "./types.ts";

/** Tickets that wait to be used, by their hashes. They are stored: an object may fall out of memory between a ticket and its use. */
export class Tickets {
  private readonly sql: SqlDatabase;
  private readonly waiting = new Map<string, { row_id: number; ticket: TailTicket }>();
  private readonly free: FreeRows;

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    const rows = sql.exec("SELECT row_id, record FROM ticket").toArray();
    const used: number[] = [];
    for (const { row_id, record } of rows) {
      if (record === null) continue;
      const ticket = JSON.parse(record as string) as TailTicket;
      this.waiting.set(ticket.hash, { row_id: row_id as number, ticket });
      used.push(row_id as number);
    }
    this.free = new FreeRows(used, Math.max(0, ...rows.map(({ row_id }) => row_id as number)));
  }

  /** False where TAIL_TICKETS_MAX wait already. */
  issue(ticket: TailTicket, now_ms: number): boolean {
    for (const { row_id, ticket: known } of [...this.waiting.values()]) {
      if (known.expires_ms > now_ms) continue;
      this.waiting.delete(known.hash);
      this.free.giveBack(row_id);
    }
    if (this.waiting.size >= TAIL_TICKETS_MAX) return false;
    const row_id = this.free.take();
    this.write(row_id, ticket.expires_ms, JSON.stringify(ticket));
    this.waiting.set(ticket.hash, { row_id, ticket });
    return true;
  }

  /** The ticket, this once; null where there is none of this hash, or none any more. */
  redeem(hash: string, now_ms: number): TailTicket | null {
    const found = this.waiting.get(hash);
    if (!found) return null;
    this.write(found.row_id, 0, null);
    this.waiting.delete(hash);
    this.free.giveBack(found.row_id);
    return found.ticket.expires_ms > now_ms ? found.ticket : null;
  }

  private write(row_id: number, expires_ms: number, record: string | null): void {
    this.sql.exec("REPLACE INTO ticket (row_id, expires_ms, record) VALUES (?, ?, ?)", row_id, expires_ms, record);
  }
}
