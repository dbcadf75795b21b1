import { BatchBuilder, fieldKey } from "../../../worker/engine/batch/builder.ts";
import { DecodeFailure, type DecodeContext, type Decoded } from "../../../worker/engine/decode/types.ts";
const enc = new TextEncoder();
function run(events: unknown[], ctx: DecodeContext): Decoded {
  const b = new BatchBuilder(); const service = fieldKey("service"); const eid = fieldKey("event_id");
  const out: Decoded = { batches: [], accepted: 0, rejected: 0, errors: [] };
  events.forEach((e, index) => {
    if (typeof e !== "object" || e === null) { out.rejected++; out.errors.push({ index, field: "", value: e, message: "not an object" }); return; }
    const ev = e as Record<string, unknown>;
    b.beginRow(ctx.received_us, ctx.received_us);
    const m = enc.encode(String(ev.message ?? "")); b.setMessage(m, 0, m.length);
    const s = (ev.service as string) ?? ctx.defaults.service; if (s) b.setText(service, s);
    if (ev.event_id) b.setText(eid, String(ev.event_id));
    b.endRow(); out.accepted++;
    if (b.full) out.batches.push({ batch: b.finish(), raw_bytes: 100 });
  });
  if (b.rows) out.batches.push({ batch: b.finish(), raw_bytes: 100 });
  return out;
}
export function decodeJson(body: Uint8Array, ctx: DecodeContext): Decoded {
  const text = new TextDecoder().decode(body).trim();
  if (text === "") return run([], ctx);
  try { const v = JSON.parse(text); return run(Array.isArray(v) ? v : [v], ctx); } catch {}
  const lines = text.split("\n").filter((l) => l.trim());
  const parsed = lines.map((l) => { try { return JSON.parse(l); } catch { return l; } });
  if (!parsed.some((p) => typeof p === "object")) throw new DecodeFailure("syntax", "not JSON");
  return run(parsed, ctx);
}
export function decodeText(body: Uint8Array, ctx: DecodeContext): Decoded {
  return run(new TextDecoder().decode(body).split("\n").filter((l) => l.trim()).map((message) => ({ message })), ctx);
}
