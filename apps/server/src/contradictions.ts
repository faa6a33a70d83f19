import type { Issue } from "@postrider/engine";

/** The settings that can contradict each other; undefined: unset. */
interface Together {
  readonly DATABASE_URL: unknown;
  readonly REDIS_URL: unknown;
  readonly POSTRIDER_LEDGER: "auto" | "embedded" | "postgresql";
  readonly POSTRIDER_MIN_FREE_BYTES: unknown;
  readonly POSTRIDER_DATABASE_SSLCERT: unknown;
  readonly POSTRIDER_DATABASE_SSLKEY: unknown;
}

/**
 * Settings that are each right, but contradict each other.
 *
 * @param meant names of variables that say that a PostgreSQL server was meant: see `signsOfPostgres`
 */
export function contradictions(values: Together, meant: readonly string[]): Issue[] {
  const issues = values.DATABASE_URL === undefined ? ofEmbedded(values, meant) : ofPostgresql(values);
  if ((values.POSTRIDER_DATABASE_SSLCERT === undefined) !== (values.POSTRIDER_DATABASE_SSLKEY === undefined))
    issues.push({
      path: "POSTRIDER_DATABASE_SSLCERT",
      message: "and POSTRIDER_DATABASE_SSLKEY need each other",
    });
  return issues;
}

function ofEmbedded(
  { POSTRIDER_LEDGER: ledger, REDIS_URL: redisUrl }: Together,
  meant: readonly string[],
): Issue[] {
  const issues: Issue[] = [];
  if (ledger === "postgresql")
    issues.push({ path: "POSTRIDER_LEDGER", message: "is postgresql and DATABASE_URL is not set" });
  if (ledger === "auto") {
    const message =
      "is set and DATABASE_URL is not: give it as DATABASE_URL, or set POSTRIDER_LEDGER=embedded if no PostgreSQL is meant";
    issues.push(...meant.map((path) => ({ path, message })));
  }
  if (redisUrl !== undefined)
    issues.push({
      path: "REDIS_URL",
      message: "needs DATABASE_URL beside it: an embedded ledger belongs to one process",
    });
  return issues;
}

function ofPostgresql(values: Together): Issue[] {
  const issues: Issue[] = [];
  if (values.POSTRIDER_LEDGER === "embedded")
    issues.push({
      path: "POSTRIDER_LEDGER",
      message: "is embedded and DATABASE_URL is set: keep one of them",
    });
  if (values.POSTRIDER_MIN_FREE_BYTES !== undefined)
    issues.push({
      path: "POSTRIDER_MIN_FREE_BYTES",
      message: "is for an embedded ledger: PostgreSQL does not tell how much of its disk is free",
    });
  return issues;
}
