/** Limits of the live tail; a part of limits.ts, which is where they are imported from. */

/** Open sockets of one project: each may hold TAIL_UNREAD_SIZE_BYTES_MIN of what was sent and not yet read. */
export const TAIL_SOCKETS_MAX = 1_024;
/** A socket gets at most one frame in this time. */
export const TAIL_FRAME_PAUSE_MS = 100;
/** Lines and characters of one frame: ten thousand lines a second. */
export const TAIL_FRAME_LINES_MAX = 1_000;
export const TAIL_FRAME_SIZE_MAX = 256 * 1024;
/** Characters that all sockets of a project get in TAIL_FRAME_PAUSE_MS: they are written by the object that also takes in events. */
export const TAIL_OUTPUT_SIZE_MAX = 8 * 1024 * 1024;
/** A longer event is cut in a frame; it can be asked for by its id. */
export const TAIL_LINE_SIZE_MAX = 32 * 1024;
/** What was sent to a socket and not confirmed: of one socket, of all together, and of one where there are many. Beyond it nothing is sent. */
export const TAIL_UNREAD_SIZE_MAX = 2 * 1024 * 1024;
export const TAIL_UNREAD_TOTAL_SIZE_MAX = 48 * 1024 * 1024;
export const TAIL_UNREAD_SIZE_MIN = 48 * 1024;
/**
 * Frames that the lines which wait would fill; beyond it they are sampled to half of that, so that what is shown stays near to what happens. Of a reader
 * who did not confirm for a while the oldest of them are dropped instead, and counted.
 */
export const TAIL_LATE_FRAMES_MAX = 10;
/** Filters (and places of readers who come back) that have lines waiting at a time: each may hold a decoded frame. */
export const TAIL_LANES_WAITING_MAX = 64;
/** Rows that a filter may be behind at all; beyond it they are passed over, and the frame says so. */
export const TAIL_LAG_ROWS_SKIPPED = 500_000;
/** Rows that all filters together look at before others get their turn. */
export const TAIL_ROWS_PER_TURN_MAX = 200_000;
/** Who comes back after a while gets every line of this time, as long as it takes no longer. */
export const TAIL_CATCH_UP_MS_MAX = 30_000;
/** Decoded frames that the filters share at a time. */
export const TAIL_DECODED_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** A filter without a match moves its readers' cursors at most this often, and what the object remembers of them. */
export const TAIL_CURSOR_PAUSE_MS = 15_000;
export const TAIL_SAVE_PAUSE_MS = 5_000;
/** A query in its normal form: what a socket remembers must fit 16,384 bytes. */
export const TAIL_QUERY_SIZE_BYTES_MAX = 8_000;
/** Names of metrics that one socket follows, and their characters in all. */
export const TAIL_METRICS_MAX = 100;
export const TAIL_METRICS_LENGTH_MAX = 4_000;
/** One message of a client, and how many it may send in ten seconds. */
export const TAIL_MESSAGE_LENGTH_MAX = 32 * 1024;
export const TAIL_MESSAGES_PER_10_S_MAX = 200;
export const TAIL_TICKET_LIFE_MS = 60_000;
/** Tickets of a project that wait to be used. */
export const TAIL_TICKETS_MAX = 1_000;
/** Lines from segments that a socket gets before it is live, and their characters: the newest of them. */
export const TAIL_BACK_FILL_LINES_MAX = 5_000;
export const TAIL_BACK_FILL_SIZE_MAX = 4 * 1024 * 1024;
/** What reading them may take. */
export const TAIL_BACK_FILL_MS_MAX = 15_000;
export const TAIL_BACK_FILL_READ_SIZE_BYTES_MAX = 256 * 1024 * 1024;
/** Readings of segments for one project at once. */
export const TAIL_BACK_FILLS_AT_ONCE = 4;
/** Flushes whose frames the object remembers, so that a reader finds its place in their segments; replaced segments live for an hour more. */
export const FLUSHES_KEPT_MAX = 256;
export const FLUSHES_KEPT_MS = 55 * 60_000;
/** Of one flush: frames and rows as JSON must fit a row. */
export const FLUSH_FRAMES_LENGTH_MAX = 1_500_000;
/** Whether a person still may is asked this often while lines are sent: a project's object knows its keys, not its people. */
export const TAIL_CHECK_MS = 30_000;
/** Where nobody was asked for so long that a permission may have ended unnoticed, lines wait this long for the answer. */
export const TAIL_CHECK_WAIT_MS = 5_000;
/** How often an isolate asks a project's object whether somebody watches. */
export const TAIL_WATCH_ASK_MS = 3_000;
/** An object that takes longer to take what is handed on to it at once is left to the queue. */
export const TAIL_HAND_ON_TIMEOUT_MS = 5_000;
/** Proxies close connections on which nothing is said. */
export const TAIL_HEARTBEAT_MS = 15_000;
