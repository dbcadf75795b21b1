/** Every limit of Ledge, once, with its unit in its name and its reason beside it. Relations between limits are asserted at the end. */
import { DELETION_WATCH_MS, SCRYPT_COST_MAX, SCRYPT_N, SCRYPT_P, SCRYPT_R } from "./limits/accounts.ts";
import {
  FLUSHES_KEPT_MS,
  TAIL_CHECK_MS,
  TAIL_LINE_SIZE_MAX,
  TAIL_METRICS_LENGTH_MAX,
  TAIL_OUTPUT_SIZE_MAX,
  TAIL_QUERY_SIZE_BYTES_MAX,
  TAIL_SOCKETS_MAX,
  TAIL_UNREAD_SIZE_MIN,
  TAIL_UNREAD_TOTAL_SIZE_MAX,
} from "./limits/tail.ts";

export * from "./limits/accounts.ts";
export * from "./limits/metrics.ts";
export * from "./limits/tail.ts";

// ── What a request may bring ────────────────────────────────────────────────
/** Compressed body. Cloudflare itself stops at 100 MB on the smallest plan; more than this would not fit beside its decompressed form in 128 MB. */
export const BODY_SIZE_BYTES_MAX = 16 * 1024 * 1024;
/** Decompressed body: what an isolate of 128 MB can hold together with the columns made from it. */
export const BODY_DECOMPRESSED_SIZE_BYTES_MAX = 32 * 1024 * 1024;
/** Events of one request; bounds the error list's index and the columns. */
export const EVENTS_PER_REQUEST_MAX = 100_000;
/** Errors that one answer lists; further ones are only counted. */
export const ERRORS_PER_RESPONSE_MAX = 100;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 256;
/** Bodies, as received and decompressed, that one isolate holds at once; columns and frames of one of them come on top. Further requests are told to wait. */
export const BODIES_IN_FLIGHT_SIZE_BYTES_MAX = 48 * 1024 * 1024;
/** Zstd frames of one body: each costs a decoder. */
export const ZSTD_FRAMES_PER_BODY_MAX = 1_024;
/** Refused records of one request that are kept as dead letters, and bytes of each. */
export const REFUSED_RECORDS_PER_REQUEST_MAX = 1_000;
export const REFUSED_RECORD_SIZE_BYTES_MAX = 64 * 1024;
/** Lines of one stack trace that are put together, and the time between two of them. */
export const STACK_TRACE_LINES_MAX = 1_000;
export const STACK_TRACE_GAP_MS_MAX = 5_000;
/** Refused records are kept this long; requests of one isolate and minute whose refusals are kept: each costs an R2 write. */
export const REFUSED_LIFE_DAYS = 14;
export const REFUSED_REQUESTS_PER_MINUTE_MAX = 120;
/** Requests whose refused records one call replays. */
export const REFUSED_REPLAYS_MAX = 100;
/** Of a request without an end: whole records are made durable at this size, or when nothing more has arrived for this long. */
export const BODY_PIECE_SIZE_BYTES = 2 * 1024 * 1024;
export const BODY_PIECE_IDLE_MS = 500;
/** Columns of a table in CSV. */
export const CSV_COLUMNS_MAX = 1_024;
/** One record of Firehose when unpacked: CloudWatch sends at most 6 MB. */
export const FIREHOSE_RECORD_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** What clients of a protocol send besides events: templates, settings, acknowledgement numbers. */
export const PROTOCOL_INFO_BODY_SIZE_BYTES_MAX = 256 * 1024;
/** Client event ids of one request that an answer asks about, as `_bulk` does to say 409. */
export const ASKED_EVENT_IDS_MAX = 10_000;
/** Buffers of bodies that an isolate keeps for the next ones: memory fresh from the system costs more than what is read into it. */
export const BODY_BUFFERS_KEPT_SIZE_BYTES_MAX = 4 * 1024 * 1024;
/** A client that sends slower than this total is cut off: it holds memory meanwhile. */
export const BODY_READ_TIMEOUT_MS = 60_000;

// ── What an event may be ────────────────────────────────────────────────────
/** One event as it came; larger ones are rejected (VictoriaLogs' limit is 2 MB a line, Loki's 256 KB). */
export const EVENT_SIZE_BYTES_MAX = 1024 * 1024;
/** Longer messages are cut and marked. */
export const MESSAGE_SIZE_BYTES_MAX = 256 * 1024;
/** Values of the other string fields (service, host, trace_id …): identifiers, not prose. */
export const FIELD_SIZE_BYTES_MAX = 1024;
/** One attribute value; longer ones are cut and marked. */
export const ATTRIBUTE_VALUE_SIZE_BYTES_MAX = 64 * 1024;
export const ATTRIBUTE_NAME_SIZE_BYTES_MAX = 256;
export const ATTRIBUTES_PER_EVENT_MAX = 1024;
/** Objects nested deeper are kept as JSON text at this depth. */
export const ATTRIBUTE_DEPTH_MAX = 32;
/** Attribute that names what was cut from an event. */
export const CUT_MARK = "ledge.cut";
/** An event dated further ahead takes its arrival time and keeps the original as an attribute: watermarks follow ingest time. */
export const FUTURE_SKEW_MS_MAX = 24 * 3_600_000;

// ── Frames, messages, window ────────────────────────────────────────────────
/** Rows of one frame (packed EventBatch). */
export const FRAME_ROWS_MAX = 5_000;
/** Uncompressed column bytes at which a frame is closed; with one event of EVENT_SIZE_BYTES_MAX on top it still fits a window row. */
export const FRAME_RAW_SIZE_BYTES_TARGET = 640 * 1024;
/** Attribute columns of one frame; further attributes go to its JSON column. */
export const FRAME_ATTRIBUTE_COLUMNS_MAX = 48;
/** Body of one queue message: the platform's limit is 128,000 with about 100 of metadata. */
export const QUEUE_MESSAGE_SIZE_BYTES_MAX = 126_000;
export const QUEUE_SEND_TIMEOUT_MS = 5_000;
/** On one machine a project's monitor hears at most this often that there is something new. */
export const NUDGE_PAUSE_MS = 250;
/** A journal object that takes longer to write counts as failed. */
export const JOURNAL_PUT_TIMEOUT_MS = 20_000;
/** First and longest wait before a message is delivered again; the queue gives up after the `max_retries` of wrangler.toml. */
export const QUEUE_RETRY_DELAY_S = 5;
export const QUEUE_RETRY_DELAY_S_MAX = 600;
/** A row of a Durable Object holds at most 2,000,000 bytes; frames of one append share rows of this size. */
export const WINDOW_ROW_SIZE_BYTES_MAX = 1_900_000;
/** Frame bytes at which the window is flushed … */
export const FLUSH_SIZE_BYTES = 6 * 1024 * 1024;
/** … or this long after its oldest frame arrived. */
export const FLUSH_AGE_MS = 30_000;
/** Frame bytes that one flush takes at most: it is held in memory together with the segment made of it. */
export const FLUSH_PLAN_SIZE_BYTES_MAX = 12 * 1024 * 1024;
/** Frame bytes that the object hands to a flush at a time. */
export const FLUSH_READ_SIZE_BYTES = 1024 * 1024;
/** Frame bytes in the window above which `append` answers "full" and messages wait in the queue. */
export const WINDOW_SIZE_BYTES_MAX = 256 * 1024 * 1024;
/** How long a flushed frame stays with the object after D1 has its segment's row (spine, rule 5). */
export const WINDOW_LINGER_MS = 120_000;
/** Clocks of two machines that differ by more are not skewed: one of them was set wrong. */
export const CLOCK_SKEW_MS_MAX = 30_000;
/** A flush that was not committed after this long is asked for again. */
export const FLUSH_RETRY_MS = 30_000;
/** Ids of frames are kept as long as a copy can return: 4 days in the queue, 4 in the dead-letter queue, a day of margin. */
export const SEEN_ID_LIFE_MS = 9 * 86_400_000;
/** Frame ids packed in one row (16 bytes each): each flush rewrites the open row. */
export const SEEN_IDS_PER_ROW = 4_096;
/** Rows of ids held in memory at once; ids arrive in the order of their times, so that more than two are rarely asked for. */
export const SEEN_ROWS_READ_MAX = 8;
/** Ids made from idempotency keys that a shard remembers, all in memory; the oldest go first. */
export const SEEN_KEYED_IDS_MAX = 400_000;
export const EVENT_ID_LIFE_MS = 86_400_000;
/** A hash of 96 bits: two of a million ids collide once in 10^17 tries. */
export const CLIENT_EVENT_ID_SIZE_BYTES = 12;
export const EVENT_IDS_PER_ROW = 5_000;
/** Frame bytes in one answer of the object; an RPC carries 32 MiB at most. */
export const VIEW_SIZE_BYTES_MAX = 20 * 1024 * 1024;
/** Frame bytes in one call of append. */
export const APPEND_SIZE_BYTES_MAX = 20 * 1024 * 1024;
/** How long a consumer waits for one project's object before that project's messages go back to the queue. */
export const APPEND_TIMEOUT_MS = 20_000;
/** Client event ids remembered per shard (12 bytes each). */
export const EVENT_IDS_MAX = 1_000_000;
export const IDEMPOTENCY_LIFE_MS = 86_400_000;

// ── Segments ────────────────────────────────────────────────────────────────
/** Rows of one row group: one is decoded at a time. */
export const ROW_GROUP_ROWS_MAX = 65_536;
/** Bytes of a row group's events as they came: large events make shorter groups, since one is held in memory decoded. */
export const ROW_GROUP_RAW_SIZE_BYTES_MAX = 32 * 1024 * 1024;
/** Uncompressed bytes of a data page: workerd's zstd encoder is safe at any content below 40,000 (platform notes). */
export const PAGE_SIZE_BYTES = 32 * 1024;
/** Of a page of strings, which compress to less than half: more is found in more, and a page costs a call of the codec. */
export const STRING_PAGE_SIZE_BYTES = 64 * 1024;
/** Attribute columns of a segment; the rarest of a wider union go to its JSON column. */
export const SEGMENT_ATTRIBUTE_COLUMNS_MAX = 128;
/** Filters up to this size are read together with the segment's index; larger ones when they are first needed. */
export const SEGMENT_FILTERS_INLINE_SIZE_BYTES_MAX = 64 * 1024;
/** Ranges of an object this near to each other are read as one: a request costs more than the bytes between. */
export const READ_GAP_SIZE_BYTES = 64 * 1024;
/** Services that a segment's row names, and their characters in all: many rows travel in one statement of D1. */
export const SERVICES_LISTED_MAX = 64;
export const SERVICES_LISTED_LENGTH_MAX = 4_096;
export const FACT_BUCKET_US = 300_000_000;

// ── Catalog ─────────────────────────────────────────────────────────────────
/** Rows in one INSERT: they travel as one JSON text, and D1 takes strings of up to 2 MB. */
export const CATALOG_ROWS_PER_STATEMENT_MAX = 200;
export const CATALOG_STATEMENT_SIZE_BYTES_MAX = 1_900_000;
/** Jobs of one project that count their generation at the same moment try again this often. */
export const GENERATION_TRIES_MAX = 5;
/** Keys in one list, get or delete of R2. */
export const BUCKET_PAGE_MAX = 1_000;

// ── Jobs ────────────────────────────────────────────────────────────────────
/** Larger segments are streamed to R2 instead of being joined in memory. */
export const PUT_WHOLE_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** Flushes that one job makes before it leaves the rest to the next. */
export const FLUSHES_PER_JOB_MAX = 50;
/** Compactions that one job makes in a row. */
export const COMPACTIONS_PER_JOB_MAX = 8;
/** Journal objects older than this are looked after: their message should have arrived long since. */
export const JOURNAL_AGE_MS = 10 * 60_000;
/** Replaced objects deleted in one sweep. */
export const DELETIONS_PER_SWEEP_MAX = 1_000;
export const BACKUP_ROWS_PER_READ = 1_000;
/** Daily backups of D1 that stay in the bucket. */
export const BACKUPS_KEPT_MAX = 30;
/** Pages of R2's list that one sweep looks at. */
export const SWEEP_PAGES_MAX = 100;
export const COMPACT_INPUTS_MAX = 32;
/** Rows that one compaction merges: their times are held in memory (8 bytes each) while groups are cut. */
export const COMPACT_ROWS_MAX = 2_000_000;
export const COMPACT_OUTPUT_ROWS_MAX = 1_048_576;
/** Encoded bytes of one output, roughly: it is held in memory until it is complete. */
export const COMPACT_OUTPUT_SIZE_BYTES_MAX = 32 * 1024 * 1024;
/** Decoded input row groups that a merge keeps beside the group it is making. */
export const MERGE_CACHE_SIZE_BYTES_MAX = 16 * 1024 * 1024;
/** Decoded input row groups that an output group holds whole; of further ones its rows are copied out. */
export const MERGE_KEPT_SIZE_BYTES_MAX = 24 * 1024 * 1024;
/** Flushed segments of a project that wait before they are merged. */
export const COMPACT_INPUTS_MIN = 8;
/** … or this long after the oldest of them was made. */
export const COMPACT_AGE_MS = 3_600_000;
/** On one machine they wait while the newest of them is younger than this … */
export const COMPACT_RUSH_MS = 10_000;
/** … and there are fewer than this. */
export const COMPACT_INPUTS_RUSH_MAX = 64;
/** Replaced segments outlive the longest query (spine, rule 5). */
export const REPLACED_OBJECT_LIFE_MS = 3_600_000;
export const TOMBSTONE_LIFE_MS = 7 * 86_400_000;
/** Objects younger than this are nobody's orphan yet: longer than any job may run. */
export const ORPHAN_AGE_MS = 2 * 3_600_000;
/** A merge takes over outputs of an earlier try only up to this age: it must be done with them before they are orphans. */
export const REUSED_OUTPUT_AGE_MS = ORPHAN_AGE_MS / 2;
export const RETENTION_DAYS_DEFAULT = 30;
export const RETENTION_DAYS_MAX = 3_650;

// ── Search ──────────────────────────────────────────────────────────────────
export const QUERY_LENGTH_MAX = 16_384;
/** Parentheses and negations inside one another: bounds the parser's and the evaluator's recursion. */
export const QUERY_DEPTH_MAX = 64;
/** Conditions of one query, each item of a list counted: bounds the passes over a batch. */
export const QUERY_TERMS_MAX = 1_000;
export const QUERY_PIPES_MAX = 32;
/** Characters of a SQL statement. */
export const SQL_LENGTH_MAX = QUERY_LENGTH_MAX;
/** Words, values and signs of a SQL statement: the parser takes some 20 µs for each. */
export const SQL_TOKENS_MAX = 4_000;
/** Parentheses and CASEs inside one another: what the parser takes to say where it stumbled grows with the square of this (24: 0.15 s). */
export const SQL_DEPTH_MAX = 24;
/** Body of a request in SQL: the statement as JSON, each character escaped at worst, and its parameters. */
export const SQL_BODY_SIZE_BYTES_MAX = 128 * 1024;
/** Rows of one answer to SQL: they are held in memory, together with the text made of them. */
export const SQL_ROWS_MAX = 10_000;
/** Characters of one regular expression, and instructions of its program (`\pL{500}` has 502): bounds its state. */
export const QUERY_REGEX_LENGTH_MAX = 1_000;
export const QUERY_REGEX_PROGRAM_MAX = 5_000;
/** Nodes of the automaton over bytes that is made of a regular expression (`.` has 16); larger ones go the slower way. */
export const QUERY_AUTOMATON_NODES_MAX = 10_000;
/** Numbers of 4 bytes that the states of such an automaton take before they are forgotten. */
export const QUERY_AUTOMATON_CELLS_MAX = 128 * 1024;
/** Places times nodes that one search for an expression's groups tries (a bit each); longer texts go the slower way. */
export const QUERY_BACKTRACKS_MAX = 4 * 1024 * 1024;
/** Calls inside one another in an expression: bounds the recursion of its evaluation. */
export const EXPRESSION_DEPTH_MAX = 100;
/** Characters that a function makes of shorter texts; a longer result is null. */
export const EXPRESSION_TEXT_LENGTH_MAX = 65_536;
/** Characters that such functions make in one evaluation, all rows of a batch together. */
export const EXPRESSION_TEXTS_LENGTH_MAX = 32 * 1024 * 1024;
/** Columns that one `eval` or `extract` computes, and fields that `extract json` and `extract logfmt` make of one batch. */
export const COMPUTED_COLUMNS_MAX = 64;
/** Sorted events, and events that further pipes take as rows, of one query, and what they hold: they stay in memory until it ends. */
export const QUERY_ROWS_MAX = 10_000;
export const QUERY_ROWS_SIZE_BYTES_MAX = 16 * 1024 * 1024;
/** Functions, and fields to group by, of one `stats`. */
export const STATS_ITEMS_MAX = 32;
/** Numbers of a group that a quantile is taken of exactly: this many, and fewer where many groups share the total. */
export const QUANTILE_VALUES_MAX = 4_096;
export const QUANTILE_VALUES_MIN = 32;
/** In all groups and fields of a query. */
export const QUANTILE_VALUES_TOTAL = 524_288;
/** Counts of numbers in cells, all groups and fields together: beyond it the cells become wider. */
export const QUANTILE_CELLS_SIZE_BYTES_MAX = 12 * 1024 * 1024;
/** Distinct values of a group that are counted exactly: this many (8 bytes each), and fewer where many groups share the total. */
export const COUNT_UNIQ_MAX = 524_288;
export const COUNT_UNIQ_MIN = 32;
/** In all groups and fields of a query: their places take twice that memory. */
export const COUNT_UNIQ_TOTAL = 524_288;
/**
 * What the functions of one `stats` hold at most, by a rough price of each function a group: a query that asks for more has fewer groups. Beside what an
 * isolate keeps (SEARCH_CACHE_SIZE_BYTES_MAX_LOCAL and the shelf of pages), its code (20 MB) and row groups under way, 100 MB must not be exceeded.
 */
export const STATS_STATES_SIZE_BYTES_MAX = 14 * 1024 * 1024;
/** Distinct values of a group that `values` shows, and fewer where many groups share the total. */
export const STATS_VALUES_MAX = 100;
export const STATS_VALUES_TOTAL = 200_000;
/** UTF-8 of the values of one key of groups, beyond which no groups are made. */
export const STATS_KEYS_SIZE_BYTES_MAX = 16 * 1024 * 1024;
/** Characters of the texts that `first`, `last`, `any` and `values` show of all groups together, and of each one at least. */
export const STATS_TEXTS_LENGTH_MAX = 4_194_304;
export const STATS_TEXTS_LENGTH_MIN = 64;
/** Ranges of one `histogram`. */
export const STATS_HISTOGRAM_RANGES_DEFAULT = 20;
export const STATS_HISTOGRAM_RANGES_MAX = 1_000;
/** Values that `top`, and patterns that `patterns` shows where a query does not say how many. */
export const TOP_LIMIT_DEFAULT = 10;
export const PATTERNS_LIMIT_DEFAULT = 100;
/** Pieces of time that `timeseries` aims at where a query names no step, and rows up to which it fills pieces without events. */
export const TIMESERIES_POINTS = 120;
export const TIMESERIES_ROWS_MAX = 100_000;
export const SEARCH_LIMIT_DEFAULT = 100;
export const SEARCH_LIMIT_MAX = 10_000;
export const SEARCH_RANGE_DEFAULT_MS = 86_400_000;
/** Reads of R2 under way at once in one invocation: the platform queues a seventh. */
export const READS_IN_FLIGHT_MAX = 6;
export const STATS_GROUPS_MAX = 50_000;
export const HISTOGRAM_BUCKETS_MAX = 2_000;
export const CONTEXT_LINES_MAX = 200;
/**
 * What an isolate keeps between queries: open segments, stored ranges, frames of windows, the catalog. On Cloudflare it has 128 MB for that, for bodies
 * of ingest, and for what was used and is not yet collected: buffers of up to about 64 MB. On one machine there is no such bound.
 */
export const SEARCH_CACHE_SIZE_BYTES_MAX = 16 * 1024 * 1024;
export const SEARCH_CACHE_SIZE_BYTES_MAX_LOCAL = 32 * 1024 * 1024;
/** What segments decoded (codes and values of dictionaries) is kept besides, up to this share of it. */
export const SEARCH_DECODED_SHARE = 3 / 16;
/** Decompressed pages of messages that an isolate keeps besides: they take six times what they are stored in. */
export const SEARCH_DECODED_PAGES_SIZE_BYTES_MAX = 12 * 1024 * 1024;
/** How old an answer of the catalog may be that a search still uses: retention, deletions and rebuilds made elsewhere are seen after this. */
export const CATALOG_KEPT_MS = 20_000;
/** What a kept row of the catalog takes of the cache, roughly. */
export const CATALOG_ROW_SIZE_BYTES = 600;
/** A search whose catalog rows straddle what the object told it asks again this often. */
export const SEARCH_REPLAN_MAX = 4;
/** How long a search waits for one answer of the project's object, the catalog or the object store. */
export const SEARCH_SOURCE_TIMEOUT_MS = 15_000;
/** How long a search may take, and how much it may read from the object store, until it answers with what it has. */
export const SEARCH_TIME_MS_MAX = 30_000;
export const SEARCH_TIME_MS_MIN = 50;
export const SEARCH_READ_SIZE_BYTES_MAX = 8 * 1024 * 1024 * 1024;
/** Reads of one range, where the object store fails at once. */
export const READ_TRIES_MAX = 2;
/** An open segment takes about so many times the bytes that it was read from. */
export const OPEN_SEGMENT_GROWTH = 4;
/** Events of one row group that were shown and are kept as they were shown. */
export const KNOWN_ROWS_PER_GROUP_MAX = 1_000;
/** Ranges that are kept in the data centre's cache: larger ones take longer to fetch there than they save. */
export const SHARED_RANGE_SIZE_BYTES_MAX = 4 * 1024 * 1024;
export const SHARED_RANGE_AGE_S = 7 * 86_400;
/** The data centre's cache is no longer waited for than a read of the object store takes; after a failure it is left in peace. */
export const SHARED_RANGES_TIMEOUT_MS = 500;
export const SHARED_RANGES_PAUSE_MS = 10_000;
/** A stored range longer than this is not kept: one large scan would push out what many searches share. */
export const SEARCH_CACHED_RANGE_SIZE_BYTES_MAX = 1024 * 1024;
/** Segments and row groups that one scan has under way: reading one hides behind matching another. */
export const SCAN_PARTS_IN_FLIGHT_MAX = 4;
/** Rows that a scan looks at before it lets others have their turn. */
export const SCAN_ROWS_PER_BREATH = 1_000_000;
/** Stored bytes that a search must have to read, by an estimate, before it asks further invocations for help: each costs a start. */
export const SPREAD_SIZE_BYTES_MIN = 16 * 1024 * 1024;
/** Stored bytes that are worth one further invocation. */
export const SPREAD_PART_SIZE_BYTES = 8 * 1024 * 1024;
/**
 * Further invocations of one search. The platform allows 32 in the service of one request, those before the search included; it may run all of
 * them in one isolate, whose memory they then share.
 */
export const SPREAD_PARTS_MAX = 8;
/** Segments and row groups under way at once in a further invocation. */
export const SPREAD_PART_WIDTH = 2;
/** Segments of one further invocation: its request names them all. */
export const SPREAD_PART_SEGMENTS_MAX = 256;
/** More shards than this in an object's answer are a fault. */
export const SEARCH_SHARDS_MAX = 256;
/** Bytes of events after which a page ends before its limit. */
export const SEARCH_PAGE_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** Counts (8 bytes each) that one question to the facts of segments adds up. */
export const FACT_CELLS_MAX = 1_000_000;
/** A streamed search tells how far it is, and what it has found, at most this often. */
export const STREAM_PROGRESS_MS = 250;
export const STREAM_PARTIAL_MS = 1_000;
/** Rows or events of what was found so far. */
export const STREAM_PARTIAL_ROWS_MAX = 200;
/** Proxies close connections on which nothing is said. */
export const STREAM_HEARTBEAT_MS = 10_000;
/** Series of a histogram; the smaller ones are shown together. */
export const HISTOGRAM_SERIES_MAX = 50;
/** Series times buckets that a histogram counts (8 bytes each). */
export const HISTOGRAM_CELLS_MAX = 1_000_000;
/** How far neighbours of an event are looked for on each side. */
export const CONTEXT_RANGE_MS_MAX = 86_400_000;
/** Names in one list of fields. */
export const FIELD_NAMES_MAX = 5_000;
/** Rows read for a list of fields, where indexes do not tell it. */
export const FIELDS_ROWS_MAX = 200_000;
/** Values that one list shows, and distinct ones that are counted for it. */
export const FIELD_VALUES_MAX = 1_000;
export const FIELD_VALUES_DISTINCT_MAX = 200_000;
/** Decoded bytes at which a slice of an export is written out: it is held in memory together with one row group. */
export const EXPORT_SLICE_SIZE_BYTES = 12 * 1024 * 1024;
/** Events made into text, or a Parquet row group, at a time. */
export const EXPORT_PAGE_EVENTS = 8_192;

// ── Keys, rates, quotas ─────────────────────────────────────────────────────
/** How long a verified key is believed: a revocation takes hold within this. */
export const KEY_CACHE_MS = 45_000;
/** How long a verified key is believed while its project's object errs. */
export const KEY_CACHE_STALE_MS = 3_600_000;
export const KEY_CACHE_ENTRIES_MAX = 10_000;
/** A look-up that takes longer counts as failed. */
export const KEY_LOOKUP_TIMEOUT_MS = 3_000;
/** After a failed look-up the project's object is left in peace this long; keys known from before are believed meanwhile. */
export const KEY_LOOKUP_PAUSE_MS = 2_000;
export const KEYS_PER_PROJECT_MAX = 1_000;
/** When a key was last used is told to about this: each telling is a call and a row of the project's object. */
export const KEY_USE_COARSE_MS = 5 * 60_000;
/** Keys of which an isolate remembers when it told of them. */
export const KEY_USES_REMEMBERED_MAX = 10_000;
/** Queries are counted in the isolate and told to the project's object together, this long after the first. */
export const QUERIES_TOLD_AFTER_MS = 5_000;
export const QUERY_DAYS_KEPT = 400;
/** How long a key may go on beside the one that took its place. */
export const KEY_OVERLAP_HOURS_DEFAULT = 24;
export const KEY_OVERLAP_HOURS_MAX = 24 * 30;
/** Counters of the edge: [[ratelimits]] of wrangler.toml says the same numbers (a test compares them). */
export const RATE_LIMIT_PERIOD_S = 10;
export const RATE_KEY_REQUESTS_MAX = 5_000;
export const RATE_PROJECT_REQUESTS_MAX = 20_000;
/** An isolate counts by itself and asks the counter of its location only from this share of a limit on: most requests then cost no call. */
export const RATE_ASK_SHARE = 0.1;
/** A counter that takes longer is not waited for. */
export const RATE_ASK_TIMEOUT_MS = 500;
export const DAILY_EVENTS_DEFAULT_MAX = 5_000_000_000;
/** Dead letters that one call replays. */
export const DEAD_LETTER_REPLAYS_MAX = 1_000;

// ── Managing and watching ───────────────────────────────────────────────────
/** Body of a call that manages something: a thousand ids of dead letters fit. */
export const MANAGE_BODY_SIZE_BYTES_MAX = 256 * 1024;
export const MANAGE_TIMEOUT_MS = 10_000;
/** Names of projects, keys, people. */
export const NAME_LENGTH_MAX = 200;
export const CORS_ORIGINS_MAX = 50;
/** A dependency that takes longer counts as down. */
export const PROBE_TIMEOUT_MS = 3_000;
/** Anyone may ask whether Ledge is ready: an isolate probes at most this often. */
export const PROBE_CACHE_MS = 1_000;
/** The gauges of /metrics pass over the catalog: an isolate measures them at most this often. */
export const METRICS_CACHE_MS = 15_000;

function assertLimit(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}
assertLimit(
  FRAME_RAW_SIZE_BYTES_TARGET + EVENT_SIZE_BYTES_MAX < WINDOW_ROW_SIZE_BYTES_MAX,
  "a full frame and one more event fit a window row",
);
assertLimit(MESSAGE_SIZE_BYTES_MAX <= EVENT_SIZE_BYTES_MAX, "a message fits an event");
assertLimit(FLUSH_SIZE_BYTES <= FLUSH_PLAN_SIZE_BYTES_MAX, "a flush that is due fits a plan");
assertLimit(PAGE_SIZE_BYTES < 40_000, "pages stay below the encoder's limit");
assertLimit(REPLACED_OBJECT_LIFE_MS < TOMBSTONE_LIFE_MS, "tombstones outlive replaced objects");
assertLimit(SPREAD_PARTS_MAX < 31, "a search, what called it and its parts are at most 32 invocations");
assertLimit(CATALOG_KEPT_MS * 10 < REPLACED_OBJECT_LIFE_MS, "replaced objects outlive searches that begin with a kept catalog");
assertLimit(TAIL_LINE_SIZE_MAX + TAIL_OUTPUT_SIZE_MAX / TAIL_SOCKETS_MAX < TAIL_UNREAD_SIZE_MIN, "a frame fits what a socket may hold");
assertLimit(TAIL_SOCKETS_MAX * TAIL_UNREAD_SIZE_MIN <= TAIL_UNREAD_TOTAL_SIZE_MAX, "what all sockets may hold is bounded");
assertLimit(TAIL_QUERY_SIZE_BYTES_MAX + TAIL_METRICS_LENGTH_MAX < 14_000, "what a socket remembers fits its attachment");
assertLimit(FLUSHES_KEPT_MS < REPLACED_OBJECT_LIFE_MS, "segments of remembered flushes are still there");
assertLimit(TAIL_CHECK_MS < KEY_CACHE_MS, "an ended permission takes hold on open sockets as soon as on requests");
assertLimit(SCRYPT_N * SCRYPT_R * SCRYPT_P <= SCRYPT_COST_MAX, "Workers compute a password's hash");
assertLimit(DELETION_WATCH_MS > SEEN_ID_LIFE_MS, "a deleted project is watched as long as anything queued can return");
