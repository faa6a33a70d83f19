import { SenderError } from "./errors.ts";

/**
 * What `accept` needs of a database transaction: one statement with one parameter, `$1`. A `pg` client, PGlite's `tx` and
 * TypeORM's manager fit as they are; any other driver fits through one function. Give it what holds your transaction,
 * never a pool.
 */
export interface Transaction {
  query(sql: string, params: unknown[]): Promise<{ rows: unknown[] } | unknown[]>;
}

/** Refuses a client that is recognised as no transaction, before a statement is sent. @throws SenderError `not_in_transaction` */
export function checkTransaction(tx: unknown): void {
  const found = whyNoTransaction(tx);
  if (found !== null)
    throw new SenderError("not_in_transaction", { found }, `accept was given ${found}; nothing was written.`);
}

/** What `tx` is, if it is recognised as no transaction, or null. Drivers are recognised by members that only they have. */
function whyNoTransaction(tx: unknown): string | null {
  if ((typeof tx !== "object" && typeof tx !== "function") || tx === null)
    return `${tx === null ? "null" : typeof tx}, not a transaction`;
  const client = tx as Readonly<Record<string, unknown>>;
  const has = (name: string) => typeof client[name] === "function";
  if (typeof client["totalCount"] === "number")
    return "a pool, which may give each statement another connection";
  if (has("createQueryRunner")) return "TypeORM's data source, which is in no transaction";
  if (has("begin") && !has("savepoint") && typeof tx === "function")
    return "the root object of postgres.js, which is in no transaction";
  // TypeORM's query runner, and the entity manager that has one.
  const runner =
    "isTransactionActive" in client ? client : "queryRunner" in client ? client["queryRunner"] : null;
  if (
    runner !== null &&
    (runner as Partial<Record<string, unknown>> | undefined)?.["isTransactionActive"] !== true
  )
    return "a manager or query runner of TypeORM that is in no transaction";
  // Of pg: I is idle, T in a transaction, E in a failed one. Older versions and other drivers do not say.
  if (
    has("getTransactionStatus") &&
    (tx as { getTransactionStatus(): unknown }).getTransactionStatus() === "I"
  )
    return "a client that is in no transaction: await its begin first";
  return has("query") ? null : "something without a query function";
}

/** The rows of an answer: some drivers give them alone, others in an object. Undefined if there are none. */
export function rowsOf(answer: unknown): unknown {
  return Array.isArray(answer) ? answer : (answer as { rows?: unknown } | null | undefined)?.rows;
}

/** The driver's own error, or what it means if the schema of the ledger is missing (SQLSTATE 3F000). */
export function asDatabaseError(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as { code?: unknown }).code === "3F000")
      return new SenderError(
        "no_ledger",
        { sqlstate: "3F000" },
        "There is no Postrider ledger in this database.",
        {
          cause: error,
        },
      );
  }
  return error;
}
