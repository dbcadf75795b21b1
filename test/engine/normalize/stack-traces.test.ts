import { describe, expect, it } from "vitest";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { rejoinStackTraces } from "../../../worker/engine/normalize/stack-traces.ts";
import { fingerprint } from "../../../worker/engine/patterns/fingerprint.ts";
import { STACK_TRACE_LINES_MAX } from "../../../worker/limits.ts";
import { CONTEXT, utf8 } from "../decode/records.ts";

function batchOf(events: readonly object[]) {
  return decodeJson(utf8(events.map((event) => JSON.stringify(event)).join("\n")), CONTEXT).batches[0]!.batch;
}

function joined(events: readonly object[]) {
  const batch = rejoinStackTraces(batchOf(events));
  return Array.from({ length: batch.rows }, (_, row) => recordAt(batch, row));
}

const linesOf = (text: string) => text.split("\n").map((message) => ({ message, service: "shop" }));

const TRACES = {
  Java: `Exception in thread "main" java.lang.IllegalStateException: no cart
	at com.shop.Cart.open(Cart.java:42)
	at com.shop.Main.main(Main.java:7)
Caused by: java.io.IOException: disk full
	at com.shop.Store.write(Store.java:9)
	... 2 more`,
  JavaScript: `TypeError: x is not a function
    at open (/app/cart.js:1:2)
    at async main (/app/main.js:9:3)`,
  Python: `Traceback (most recent call last):
  File "cart.py", line 4, in open
    raise ValueError("no cart")
ValueError: no cart

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "main.py", line 7, in <module>
    main()
shop.errors.CartClosed: gone`,
  Go: `panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.open(...)
	/app/cart.go:12
main.main()
	/app/main.go:7 +0x1d
exit status 2`,
  ".NET": `System.InvalidOperationException: no cart
   at Shop.Cart.Open() in Cart.cs:line 4
   --- End of inner exception stack trace ---
   at Shop.Program.Main()`,
  Ruby: `cart.rb:4:in 'open': no cart (RuntimeError)
	from main.rb:7:in 'main'`,
  PHP: `PHP Fatal error:  Uncaught Exception: no cart in /app/cart.php:4
Stack trace:
#0 /app/main.php(7): open()
#1 {main}
  thrown in /app/cart.php on line 4`,
};

describe("stack traces", () => {
  it.each(Object.entries(TRACES).filter(([name]) => name !== "PHP"))("of %s become one event", (_, trace) => {
    const found = joined([{ message: "before", service: "shop" }, ...linesOf(trace), { message: "after", service: "shop" }]);
    expect(found.map(({ message }) => message)).toEqual(["before", trace, "after"]);
  });

  it("of PHP keep their frames with their heading", () => {
    expect(joined(linesOf(TRACES.PHP)).map(({ message }) => message)).toEqual([
      TRACES.PHP.split("\n")[0],
      TRACES.PHP.split("\n").slice(1).join("\n"),
    ]);
  });

  it("of services that write at once are kept apart", () => {
    const lines = TRACES.JavaScript.split("\n");
    const events = lines.flatMap((message) => ["a", "b"].map((service) => ({ message, service })));
    expect(joined(events).map(({ service, message }) => [service, message])).toEqual([
      ["a", TRACES.JavaScript],
      ["b", TRACES.JavaScript],
    ]);
  });

  it("have the fingerprint of the whole message", () => {
    const [event] = joined(linesOf(TRACES.JavaScript));
    const bytes = utf8(TRACES.JavaScript);
    expect(event!.fingerprint).toBe(fingerprint(bytes, 0, bytes.length).toString(16).padStart(14, "0"));
  });

  it("end where lines are far apart in time", () => {
    const events = [
      { message: "Error: x", timestamp: "2026-03-01T10:00:00Z" },
      { message: "    at a", timestamp: "2026-03-01T10:00:01Z" },
      { message: "    at b", timestamp: "2026-03-01T10:01:00Z" },
    ];
    expect(joined(events).map(({ message }) => message)).toEqual(["Error: x\n    at a", "    at b"]);
  });

  it("are put together where only the first line has a time, however long ago", () => {
    const events = [{ message: "Error: x", timestamp: "2025-01-01T10:00:00Z" }, { message: "    at a" }, { message: "    at b" }];
    const [event, ...others] = joined(events);
    expect(others).toEqual([]);
    expect(event).toMatchObject({ message: "Error: x\n    at a\n    at b", timestamp: "2025-01-01T10:00:00.000000Z" });
  });

  it("are bounded", () => {
    const found = joined([
      { message: "Error" },
      ...Array.from({ length: STACK_TRACE_LINES_MAX + 5 }, (_, index) => ({ message: `  at f${index}` })),
    ]);
    expect(found.length).toBe(2);
  });

  it("leave other events as they are", () => {
    const batch = batchOf([{ message: "one" }, { message: "two" }, { level: "info" }]);
    expect(rejoinStackTraces(batch)).toBe(batch);
  });
});
