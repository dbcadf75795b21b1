import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprint, maskedTemplate } from "../../../worker/engine/patterns/fingerprint.ts";
import { FORM_SIZE_BYTES_MAX } from "../../../worker/engine/patterns/masked-form.ts";

const encoder = new TextEncoder();

function template(message: string): string {
  const bytes = encoder.encode(message);
  return maskedTemplate(bytes, 0, bytes.length);
}

function hash(message: string): number {
  const bytes = encoder.encode(message);
  return fingerprint(bytes, 0, bytes.length);
}

describe("messages of one kind", () => {
  const pairs: [kind: string, one: string, other: string][] = [
    ["numbers", "took 12 of 400 tries", "took 7 of 3 tries"],
    ["signed and grouped numbers", "moved by -5 to 1,234.56", "moved by +17 to 0.5"],
    ["hexadecimal", "at 0x7fff5fbff8c0 in frame 3", "at 0x1f in frame 12"],
    ["UUIDs", "request 550e8400-e29b-41d4-a716-446655440000 done", "request 6fa459ea-ee8a-3ca4-894e-db77e160355e done"],
    ["IPv4 with and without port", "connection from 10.0.0.1:8080 refused", "connection from 192.168.3.44 refused"],
    ["IPv6", "connection from fe80::8a2e:370:7334 refused", "connection from 2001:db8::1:2 refused"],
    ["MAC", "lease for 00:11:43:e3:ba:c3 renewed", "lease for a8:bb:cc:dd:ee:ff renewed"],
    ["dates and times", "since 2024-01-02T03:04:05.678Z up", "since 2024-11-12 13:14:15,9 up"],
    ["dates in words", "seen at Sun Jul 24 02:38:22 2005", "seen at Mon Aug 1 12:00:00 2011"],
    ["time zones", "seen at 2024-01-02 03:04:05 PST today", "seen at 2024-01-02 03:04:05 UTC today"],
    ["e-mail", "mail to bob@example.com sent", "mail to a.b+c@mail.example.org sent"],
    ["URLs", "fetched https://example.com/a,b?x=1#y, ok", "fetched http://10.0.0.1:8080/, ok"],
    ["paths", "cannot open /var/log/syslog: denied", "cannot open /etc/passwd: denied"],
    ["relative paths", "reading ./conf/app.yaml now", "reading ../b/c/d now"],
    ["Windows paths", "loaded C:\\Windows\\x.dll twice", "loaded D:/data/y.dll twice"],
    ["domains", "resolved mail.example.com in time", "resolved ns.other-host.org in time"],
    ["ids of letters and digits", "block blk_-77 lost", "block blk_38865049064139660 lost"],
    ["hyphenated ids", "pod nginx-7d9c5d8b6-abcde started", "pod nginx-5f4d3c2b1-zyxwv started"],
    ["tokens", "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc== expired", "token eyJ0eXAiOiJKV1QiLCJh.bGciOiJI0.x1 expired"],
    ["units joined or apart", "took 5ms", "took 12 ms"],
    ["other units", "sent 3 KB in all", "sent 12 MB in all"],
    ["units of a value", "elapsed=1.5 ms left", "elapsed=20ms left"],
    ["bounds", "lifetime <1 sec", "lifetime 00:03"],
    ["the number said again", "1293 bytes (1.26 KB) sent", "0 bytes sent"],
    ["empty parentheses", "connection from 1.2.3.4 () at 5", "connection from 1.2.3.4 (host-1.example.com) at 5"],
    ["lists of any length", "blocks 1, 2, 3 and more", "blocks 17 and more"],
    ["lists of numbered words", "up: eth0, eth1, eth2", "up: eth3"],
    ["bracketed lists", "acls [yarn, curi] set", "acls [] set"],
    ["hash signs", "order #12 shipped", "order 977 shipped"],
    ["numbers around hash signs", "steps = 15140##6993##54", "steps = 1##2##3##4"],
    ["quoted names", 'module "foo-1" loaded', 'module "bar_baz.x" loaded'],
    ["values of keys", "user=alice ip=1.2.3.4", "user=bob ip=fe80::1:2:3"],
    ["quoted values", 'name="View Lock" held', 'name="AudioMix" held'],
    ["JSON members", '{"user":"bob smith","id":5}', '{"user": "al", "id": 123}'.replaceAll(": ", ":").replaceAll(", ", ",")],
    ["Java frames", "failed at com.x.Y.z(Y.java:12)", "failed at com.x.Y.z(Y.java:340)"],
    ["white space", "a   message\twith\n space ", "a message with space"],
    ["repeated punctuation", "loading..... done", "loading. done"],
  ];
  it.each(pairs)("%s", (_kind, one, other) => {
    expect(template(one)).toBe(template(other));
    expect(hash(one)).toBe(hash(other));
  });
});

describe("messages of different kinds", () => {
  const pairs: [kind: string, one: string, other: string][] = [
    ["words", "connection opened", "connection closed"],
    ["case", "Connection closed", "connection closed"],
    ["negation and joints", "not responding", "not-responding"],
    ["compounds", "Node card 3", "NodeCard 3"],
    ["numbered words by their letters", "link eth0 up", "link wlan0 up"],
    ["address families", "using ipv4 only", "using ipv6 only"],
    ["class names", "caught java.io.IOException", "caught java.lang.NullPointerException"],
    ["class names with a versioned package", "in org.x.v2.app.MRAppMaster", "in org.x.v2.app.JobImpl"],
    ["switches", "allDrawn=true", "allDrawn=false"],
    ["enumerations", "action=login ok", "action=logout ok"],
    ["an empty value", "ruser= rhost=1.2.3.4", "ruser=bob rhost=1.2.3.4"],
    ["a missing value", "disk 3 failed", "disk failed"],
    ["log formatted messages", 'level=info msg="request done"', 'level=info msg="request failed"'],
    ["messages of dotted names alone", "org.apache.foo.bar", "org.apache.foo.baz"],
    ["high letters", "größe geändert", "große geändert"],
    ["the order of words", "a then b", "b then a"],
    ["hexadecimal letters in a short word", "a cafe closed", "a face closed"],
  ];
  it.each(pairs)("%s", (_kind, one, other) => {
    expect(template(one)).not.toBe(template(other));
    expect(hash(one)).not.toBe(hash(other));
  });
});

describe("the masked form", () => {
  const forms: [message: string, form: string][] = [
    ["Failed password for root from 10.0.0.1 port 4711 ssh2", "Failed password for root from <*> port <*> ssh<*>"],
    ["PacketResponder 1 for block blk_38865049064139660 terminating", "PacketResponder <*> for block <*> terminating"],
    ["GET /api/users/42?x=1 took 12ms", "GET <*> took <*>"],
    ['level=warn msg="disk almost full" used=91% path=/dev/sda1', 'level=warn msg="disk almost full" used=<*> path=<*>'],
    ["synchronized to LOCAL(0), stratum 10", "synchronized to LOCAL<*>, stratum <*>"],
    ["héllo 日本語 7", "héllo 日本語 <*>"],
    ["12345", "<*>"],
    ["", ""],
    [" \t\n", ""],
  ];
  it.each(forms)("of %j", (message, form) => expect(template(message)).toBe(form));
});

it("keeps the fingerprints that segments hold", () => {
  const stored: [message: string, fingerprint: number][] = [
    ["", 0],
    ["12345", 4_319_303_451_451_706],
    ["Failed password for root from 10.0.0.1 port 4711 ssh2", 8_104_009_607_801_490],
    ["PacketResponder 1 for block blk_38865049064139660 terminating", 3_562_746_790_396_160],
    ['level=warn msg="disk almost full" used=91% path=/dev/sda1', 2_724_124_513_011_237],
    ["héllo 日本語 7", 654_320_958_001_901],
  ];
  for (const [message, value] of stored) expect([message, hash(message)]).toEqual([message, value]);
});

it("keeps the fingerprints of messages of every shape", () => {
  const parts =
    'word Word WORD of a deed facade deadbeef cafe 5 12 4711 3.14 0x1f 5ms 12 KB ms (12) (1.6 KB) () (x) eth0 web01 u_46327 ord-172418 blk_-77 10.0.0.1 a.b.c node-2.us-west.internal java.io.IOException /tmp/upload/part-7.dat C:\\x http://h/p?q=1 a@b.de zone=ap-south k= ok=true level=info retry_after=170ms msg="x y" \'q1\' "Active" [1,2] [] <1 -5 #3 LOCAL(0) 00:11:22:33:44:55 ::1 Mon Jan UTC 12:30:01 , . : ; = é 日本 --- ... x* {"a":"b"}'.split(
      " ",
    );
  let seed = 1;
  const below = (count: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * count);
  };
  let sum = 0;
  for (let index = 0; index < 20_000; index++) {
    let message = "";
    for (let count = below(14); count >= 0; count--) message += parts[below(parts.length)]! + ["", " ", " ", " ", "  ", ", "][below(6)]!;
    sum = (sum * 31 + (hash(message) % 1_000_003)) % 1_000_000_007;
  }
  expect(sum).toBe(343_708_441);
});

describe("for any message", () => {
  const alphabet = [
    ..."abcdefgzABFX0123456789__ \t.,:;=<>()[]{}|/\\'\"`#+-~@$%*&?!é日",
    "http://",
    "::",
    "=",
    "msg=",
    "ms",
    "Jan",
    "[]",
    "()",
  ];
  const messages = fc.array(fc.constantFrom(...alphabet), { maxLength: 60 }).map((parts) => parts.join(""));

  it("is a 53-bit integer, 0 only for white space", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const value = hash(message);
        expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        expect(value === 0).toBe(template(message) === "");
        if (message.trim() !== "" && /[a-z]{5}/.test(message)) expect(value).not.toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("depends on the bytes of the range alone", () => {
    fc.assert(
      fc.property(messages, messages, messages, (before, message, after) => {
        const head = encoder.encode(before);
        const body = encoder.encode(message);
        const whole = encoder.encode(before + message + after);
        expect(fingerprint(whole, head.length, head.length + body.length)).toBe(fingerprint(body, 0, body.length));
      }),
      { numRuns: 5_000 },
    );
  });

  it("agrees with its template", () => {
    fc.assert(
      fc.property(messages, messages, (one, other) => {
        expect(hash(one) === hash(other)).toBe(template(one) === template(other));
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const value = fingerprint(bytes, 0, bytes.length);
        expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
      }),
    );
  });

  const words = fc.constantFrom("opened", "closed", "connection", "user", "while", "reading", "from", "failed", "queue");
  it("ignores which number, address or path it is", () => {
    const variables = fc.oneof(
      fc.nat().map(String),
      fc.ipV4(),
      fc.uuid(),
      fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((value) => value.toFixed(3)),
      fc.array(fc.constantFrom("var", "log", "a", "x1"), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
    );
    fc.assert(
      fc.property(fc.array(words, { minLength: 2, maxLength: 6 }), fc.nat(), variables, variables, (text, place, one, other) => {
        const at = 1 + (place % (text.length - 1));
        const message = (variable: string) => [...text.slice(0, at), variable, ...text.slice(at)].join(" ");
        expect(template(message(one))).toBe(template(message(other)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("tells other words apart", () => {
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 6 }), fc.array(words, { minLength: 1, maxLength: 6 }), (one, other) => {
        expect(hash(one.join(" ")) === hash(other.join(" "))).toBe(one.join(" ") === other.join(" "));
      }),
      { numRuns: 2_000 },
    );
  });
});

it("spreads over the bits it has", () => {
  const seen = new Set<number>();
  let high = 0;
  for (let one = 0; one < 200; one++) {
    for (let other = 0; other < 200; other++) {
      const value = hash(
        `word${"abcdefghij"[one % 10]}${"klmnopqrst"[Math.floor(one / 10) % 10]}${one >= 100 ? "x" : "y"} ${"z".repeat(1 + other)}`,
      );
      seen.add(value);
      if (value >= 2 ** 52) high++;
    }
  }
  expect(seen.size).toBe(40_000);
  expect(high / 40_000).toBeGreaterThan(0.47);
  expect(high / 40_000).toBeLessThan(0.53);
});

it("counts only the beginning of a very long message", () => {
  const long = "lorem ipsum ".repeat(30_000);
  expect(template(long).length).toBeLessThanOrEqual(FORM_SIZE_BYTES_MAX);
  expect(hash(`${long} tail`)).toBe(hash(`${long} other`));
  expect(hash("x".repeat(300_000))).toBe(hash(`${"x".repeat(300_000)}y`));
  expect(hash("1, 2, ".repeat(50_000))).toBe(hash("1, "));
});
