import type { AcceptEvent } from "@postrider/engine";

const note = "n".repeat(600);

/** The data of a bench event, some 800 bytes: a conversion as trackers send it. */
export function dataText(n: number, sentAtMs?: number): string {
  const sentAt = sentAtMs === undefined ? "" : `"sent_at":${sentAtMs.toFixed(3)},`;
  return `{${sentAt}"click_id":"click-${n}","transaction_id":"t-${n}","payout":"12.50","currency":"EUR","status":"approved","sub1":"campaign ${n % 97}","note":"${note}"}`;
}

/** The n-th event of a run, addressed to one of `partners` partners. */
export function benchEvent(run: string, n: number, partners: number, sentAtMs?: number): AcceptEvent {
  return {
    event_id: `${run}-${n}`,
    type: "conversion.approved",
    schema_version: 1,
    occurred_at: "2026-01-31T10:00:00Z",
    partner: `p${n % partners}`,
    data_text: dataText(n, sentAtMs),
  };
}
