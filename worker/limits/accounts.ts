/** Limits of accounts, of deleting projects and of what usage shows; a part of limits.ts, which is where they are imported from. */

// ── People ──────────────────────────────────────────────────────────────────
export const PASSWORD_LENGTH_MIN = 10;
/** Longer ones are no safer: what is stored has 32 bytes. */
export const PASSWORD_LENGTH_MAX = 256;
/**
 * Cost of a password's hash (scrypt). Workers refuse N·r·p above 2^20, and an isolate has 128 MB: OWASP's setting of 16 MiB (128·N·r) with p = 5 fits both
 * and leaves room for ingest. docs/decisions/ has what it takes.
 */
export const SCRYPT_N = 16_384;
export const SCRYPT_R = 8;
export const SCRYPT_P = 5;
export const SCRYPT_COST_MAX = 1_048_576;
/** A session ends after this long without use, or a day after sign-in where a browser was not to be remembered … */
export const SESSION_LIFE_S = 14 * 86_400;
/** … and is prolonged at most this often. */
export const SESSION_REFRESH_S = 86_400;
/** How long an isolate believes what it read of a session, a membership or a role: a sign-out or a change elsewhere takes hold within this. */
export const SESSION_CACHE_MS = 20_000;
export const SESSION_CACHE_ENTRIES_MAX = 2_000;
export const SESSIONS_PER_USER_LISTED_MAX = 200;
/** What a person asks of accounts and organizations in a rate period: most of it reads or writes D1. */
export const PERSON_REQUESTS_MAX = 200;
/** Sign-ins, sign-ups, resets and second factors tried from one address in the span. */
export const ADDRESS_ATTEMPTS_MAX = 60;
/** On one machine nobody vouches for addresses: all together are one. Each try costs a hash, and that the thread. */
export const UNKNOWN_ADDRESS_ATTEMPTS_MAX = 600;
export const ADDRESS_ATTEMPTS_SPAN_MS = 10 * 60_000;
/** Sign-ins to one account in the span, from one address and from all; a right password forgets them. Many addresses are needed to keep somebody out. */
export const ACCOUNT_ADDRESS_ATTEMPTS_MAX = 10;
export const ACCOUNT_ATTEMPTS_MAX = 60;
export const ACCOUNT_ATTEMPTS_SPAN_MS = 15 * 60_000;
/** A browser that has passed the second factor may be trusted this long. */
export const TRUSTED_BROWSER_LIFE_S = 30 * 86_400;
/** Between the password and the code of the second factor. */
export const SECOND_FACTOR_TIME_S = 600;
/** A code of the second factor that was used is refused for longer than it would be valid (90 s). */
export const USED_CODE_LIFE_MS = 180_000;
export const RESET_LINK_LIFE_S = 3_600;
/** A link that an operator or an owner makes for somebody has to reach them first. */
export const RESET_LINK_GIVEN_LIFE_S = 86_400;
export const INVITATION_LIFE_MS = 7 * 86_400_000;
export const INVITATIONS_OPEN_MAX = 200;
export const MEMBERS_PER_ORGANIZATION_MAX = 1_000;
export const ORGANIZATIONS_PER_USER_MAX = 100;
export const PROJECTS_PER_ORGANIZATION_MAX = 500;
/** What the dashboard keeps for a person, as JSON. */
export const USER_SETTINGS_SIZE_BYTES_MAX = 64 * 1024;
export const SAVED_SEARCHES_PER_PROJECT_MAX = 500;
export const SAVED_SEARCH_VIEW_SIZE_BYTES_MAX = 16 * 1024;
export const USER_AGENT_LENGTH_MAX = 400;
/** What was recorded is kept this long; the trigger of migrations/0002 refuses to remove it before. */
export const AUDIT_RETENTION_DAYS = 400;
export const AUDIT_PAGE_MAX = 1_000;
/** Rows of one export of the audit log: it is streamed page by page. */
export const AUDIT_EXPORT_ROWS_MAX = 1_000_000;
export const AUDIT_DETAILS_SIZE_BYTES_MAX = 8 * 1024;
/** Rows past their time that one night removes. */
export const AUDIT_PURGE_ROWS_MAX = 50_000;

// ── Deleting a project ──────────────────────────────────────────────────────
/** Until then a deletion can be undone, and the project works as before. */
export const DELETION_GRACE_HOURS_DEFAULT = 24;
export const DELETION_GRACE_HOURS_MAX = 24 * 30;
/** Objects that one job removes before it asks for the next. */
export const DELETION_OBJECTS_PER_JOB_MAX = 50_000;
/** Rows of D1 in one statement. */
export const DELETION_ROWS_PER_STATEMENT = 5_000;
/** A job that was under way when the project was deleted may still write: it is looked again after longer than any job may run. */
export const DELETION_CHECK_MS = 20 * 60_000;
/** And once a night, as long as anything queued can return. */
export const DELETION_WATCH_MS = 10 * 86_400_000;
export const DELETIONS_LISTED_MAX = 200;

// ── Usage ───────────────────────────────────────────────────────────────────
export const USAGE_DAYS_DEFAULT = 30;
export const USAGE_DAYS_MAX = 400;
