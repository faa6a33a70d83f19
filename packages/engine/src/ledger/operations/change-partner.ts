import type { Sql } from "../sql.ts";

/**
 * Runs a change of a living partner's endpoints or keys in one transaction, which first bumps the partner's version
 * and so holds its row. The statements that follow begin after whoever held it before: each sees the endpoints and
 * subscriptions that a concurrent change made. In a single statement they would not, and a subscription of a deleted
 * endpoint could stay.
 *
 * Resolves to null where there is no such partner.
 */
export function changePartner<Result>(
  sql: Pick<Sql, "transaction">,
  id: string,
  work: (tx: Pick<Sql, "query">, partnerNo: number) => Promise<Result>,
): Promise<Result | null> {
  return sql.transaction(async (tx) => {
    const [owner] = await tx.query<{ partner_no: number }>(
      "update postrider.partners set version = version + 1 where id = $1 and deleted_at is null returning partner_no",
      [id],
    );
    return owner ? work(tx, owner.partner_no) : null;
  });
}
