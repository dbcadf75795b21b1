/** Limits of metrics and of PromQL; a part of limits.ts, which is where they are imported from. */

/** Declared metrics of a project: each is evaluated on every event. */
export const METRICS_PER_PROJECT_MAX = 200;
export const METRIC_NAME_LENGTH_MAX = 100;
export const METRIC_DESCRIPTION_LENGTH_MAX = 1_000;
/** Functions of one metric: each keeps a state for each series and piece of time. */
export const METRIC_AGGREGATIONS_MAX = 8;
export const METRIC_GROUP_FIELDS_MAX = 4;
/** Series of a metric that are told apart; the events of all others are counted together. */
export const METRIC_SERIES_DEFAULT = 100;
export const METRIC_SERIES_MAX = 1_000;
/** The shortest time between two values, the longest window, and how many steps a window has at most: so many states make one value. */
export const METRIC_STEP_MS_MIN = 1_000;
export const METRIC_WINDOW_MS_MAX = 86_400_000;
export const METRIC_WINDOW_STEPS_MAX = 360;
/** Numbers of a series and pane that a quantile is taken of exactly; more are counted in cells, within 0.4 % of each. */
export const METRIC_QUANTILE_VALUES_MAX = 32;
/** Distinct values of a series and pane that are counted exactly; beyond it the relative standard error is 4.4 %. 8 bytes each. */
export const METRIC_DISTINCT_MAX = 1_024;
/** Characters of the labels of one series; events of longer ones are in the series of all others. */
export const METRIC_LABELS_LENGTH_MAX = 1_024;
/** Packed state of one metric and pane of time: it must fit a row of the monitor. */
export const METRIC_PANE_SIZE_BYTES_MAX = 1_500_000;
/** How long events may correct a window that has ended. */
export const METRIC_LATENESS_MS_MAX = 86_400_000;
/** Points of a series that are shown where nobody asks for a step, and at most. */
export const METRIC_POINTS_DEFAULT = 300;
export const METRIC_POINTS_MAX = 11_000;
/** Points of all series of one answer: each takes some hundred bytes while it is made, more with many aggregations. */
export const METRIC_SERIES_POINTS_MAX = 150_000;
/** Refused records of one isolate and project are told to the monitor together, this often at most: each time is a billed write. */
export const REJECTED_NOTE_PAUSE_MS = 1_000;
/** Hours that a project's usage tells of. */
export const USAGE_HOURS_MAX = 24 * 32;
/** Packed states that a monitor holds, all in memory: beyond it counting waits until they are in history. */
export const METRIC_STATE_SIZE_BYTES_MAX = 24 * 1024 * 1024;
/** States that history does not have yet are written to it at this age or size … */
export const METRIC_ROLL_AGE_MS = 3_600_000;
export const METRIC_ROLL_SIZE_BYTES = 6 * 1024 * 1024;
/** … and asked for again where that was not done after this long; so are back-fills. */
export const METRIC_JOB_RETRY_MS = 60_000;
/** States that history has stay with the monitor as long as windows need them, this long at least … */
export const METRIC_RETAIN_MS = 2 * 3_600_000;
/** … while all of them together take at most this. */
export const METRIC_RETAIN_SIZE_BYTES_MAX = 12 * 1024 * 1024;
/** Passes, and merged parts, that are merged into one: each is looked through by every reader. */
export const METRIC_PARTS_MERGED = 32;
/** Frame bytes that a counting pass reads at a time, and passes that follow one another before others get their turn. */
export const COUNT_READ_SIZE_BYTES = 4 * 1024 * 1024;
export const COUNT_PASSES_MAX = 50;
/** Frames of up to so many rows are evaluated together, up to so many rows and packed bytes: what each evaluation costs is then paid once … */
export const COUNT_JOINED_FRAME_ROWS_MAX = 1_000;
/** … and little is in memory at once. */
export const COUNT_JOIN_ROWS_MAX = 4_096;
export const COUNT_JOIN_SIZE_BYTES_MAX = 512 * 1024;
/** History is kept in minutes for this long, and in hours and days for thirteen months. */
export const METRIC_MINUTES_DAYS_MAX = 31;
export const METRIC_HISTORY_DAYS_MAX = 400;
/** Panes of a metric that one answer reads from history: an hour of minutes, a day of hours and a month of days are an object each. */
export const METRIC_PANES_READ_MAX = 3_000;
/** Inflated panes of one metric in one block of history. */
export const METRIC_BLOCK_SECTION_SIZE_BYTES_MAX = 48 * 1024 * 1024;
/** The beginning of a block that is read first: the head, and of most blocks all of it. */
export const METRIC_BLOCK_HEAD_SIZE_BYTES = 64 * 1024;
/** Holders of one roll that write a block at the same moment try again this often; so does a reader that history overtakes. */
export const METRIC_HISTORY_TRIES_MAX = 5;
/** Rolls that one job makes. */
export const METRIC_ROLLS_PER_JOB_MAX = 8;
/** Of a back-fill: rows that one job counts, states that it holds until it hands them over, and times that a plan is made anew. */
export const METRIC_FILL_ROWS_PER_JOB = 2_000_000;
export const METRIC_FILL_STATES_MAX = 5_000;
export const METRIC_FILL_PART_ROWS = 500_000;
/** A part of a back-fill is small at first, then as large as its states allow: a call carries 32 MiB, and the monitor holds METRIC_STATE_SIZE_BYTES_MAX. */
export const METRIC_FILL_FIRST_PART_ROWS = 16_384;
export const METRIC_FILL_PART_SIZE_BYTES_MAX = 8 * 1024 * 1024;
export const METRIC_FILL_PLANS_MAX = 5;
/** Counting that takes longer is left to whoever comes next. */
export const COUNT_TIMEOUT_MS = 60_000;
/** Flushed frames that a stream keeps for a monitor that is behind. */
export const UNCOUNTED_SIZE_BYTES_MAX = 64 * 1024 * 1024;

// ── Declaring and reading ───────────────────────────────────────────────────
/** A preview of a metric that is not declared yet: how far it looks back where nobody says, and at most … */
export const METRIC_PREVIEW_RANGE_DEFAULT_MS = 3 * 3_600_000;
export const METRIC_PREVIEW_RANGE_MS_MAX = 86_400_000;
/** … in so many pieces of time, with so much state, in so much time: it is computed by one search while somebody fills in a form. */
export const METRIC_PREVIEW_PANES_MAX = 3_600;
export const METRIC_PREVIEW_SIZE_BYTES_MAX = 16 * 1024 * 1024;
export const METRIC_PREVIEW_TIME_MS = 10_000;
/** Series of one answer where nobody says how many: a chart of more cannot be read. */
export const METRIC_SERIES_SHOWN_DEFAULT = 100;
/** How long a project's monitor may take to answer. */
export const MONITOR_TIMEOUT_MS = 15_000;
/** A `ledge.yaml`: METRICS_PER_PROJECT_MAX definitions of a few KiB each. */
export const CONFIG_BODY_SIZE_BYTES_MAX = 1024 * 1024;
/** Mistakes of one document that are told at once. */
export const CONFIG_ERRORS_MAX = 50;
/** Nodes that the aliases of a YAML document may stand for: against documents that unfold without end. */
export const CONFIG_ALIASES_MAX = 100;
/** An expression of PromQL, and how deep it is nested. */
export const PROMQL_LENGTH_MAX = 10_000;
export const PROMQL_DEPTH_MAX = 100;
/** Values of one query: Prometheus' own bound on the points of a series, and series of one result. */
export const PROMQL_STEPS_MAX = 11_000;
export const PROMQL_SERIES_MAX = 10_000;
/** Points (series times steps) of one selector: each takes about 200 bytes while the query runs. */
export const PROMQL_POINTS_MAX = 150_000;
/** Metrics that one selector may mean: each is read by itself … */
export const PROMQL_METRICS_PER_SELECTOR_MAX = 32;
/** … and selectors of one query. */
export const PROMQL_SELECTORS_MAX = 20;
/** How far before the asked time the last value still counts, as in Prometheus; metrics with longer steps have one step. */
export const PROMQL_LOOKBACK_MS = 300_000;
/** Span in which series and values of labels are looked for, where nobody says, and at most: what is longer is cut at its begin. */
export const PROMQL_LABELS_RANGE_DEFAULT_MS = 3_600_000;
export const PROMQL_LABELS_RANGE_MS_MAX = 86_400_000;
/** Metrics that are read for one list of series or of a label's values. */
export const PROMQL_METRICS_LISTED_MAX = 100;
/** A body of form fields. */
export const PROMQL_BODY_SIZE_BYTES_MAX = 64 * 1024;
