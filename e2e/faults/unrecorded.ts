import type { LedgerRecords } from "./ledger-records.ts";
import type { Sink } from "./sink-process.ts";

/**
 * Finds the requests that reached the sink and that the ledger does not know of at the moment of a fault: these the
 * fault may cause to be sent once more, and no others.
 */
export interface Unrecorded {
  /**
   * The deliveries concerned that no earlier fault had found.
   *
   * @param ports those of the process at fault; null where every worker is concerned
   */
  find(ports: ReadonlySet<number> | null): Promise<readonly string[]>;
}

export function createUnrecorded(
  sink: Pick<Sink, "sync" | "receipts">,
  ledger: Pick<LedgerRecords, "attemptsOf">,
): Unrecorded {
  const received = new Map<string, { times: number; port: number }>();
  /** Deliveries whose receptions the ledger did not all know when last asked, with how many were found already. */
  const open = new Map<string, number>();
  let read = 0;
  return {
    async find(ports) {
      await sink.sync();
      const { receipts } = sink;
      for (; read < receipts.length; read++) {
        const { deliveryId, status, port } = receipts[read]!;
        // What is never answered is sent again anyway, and is counted nowhere.
        if (status === 0) continue;
        received.set(deliveryId, { times: (received.get(deliveryId)?.times ?? 0) + 1, port });
        if (!open.has(deliveryId)) open.set(deliveryId, 0);
      }
      const recorded = await ledger.attemptsOf([...open.keys()]);
      const found: string[] = [];
      for (const [deliveryId, before] of open) {
        const { times, port } = received.get(deliveryId)!;
        const missing = times - (recorded.get(deliveryId) ?? 0);
        const concerned = missing > before && (ports === null || ports.has(port));
        if (concerned) found.push(deliveryId);
        if (missing > 0) open.set(deliveryId, concerned ? missing : Math.min(before, missing));
        else open.delete(deliveryId);
      }
      return found;
    },
  };
}
