import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../ports/clock.ts";
import { type DnsAnswer, startDnsServer } from "../../testing/dns-server.ts";
import { createManualClock } from "../../testing/manual-clock.ts";
import { boundedLookup } from "../lookup.ts";
import { createDnsLookup } from "./dns-lookup.ts";
import { createSystemLookup } from "./system-lookup.ts";

/** A resolver that asks a name server of the test's own, with files of its own. */
async function names(
  answer: (name: string, type: "A" | "AAAA") => DnsAnswer,
  files: { hosts?: string; conf?: string } = {},
  timeoutMs = 8_000,
  answerMs?: () => number,
) {
  const server = await startDnsServer(answer, answerMs);
  const folder = mkdtempSync(join(tmpdir(), "postrider-names-"));
  onTestFinished(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  const [hostsFile, resolvConf] = [join(folder, "hosts"), join(folder, "resolv.conf")];
  writeFileSync(hostsFile, files.hosts ?? "");
  writeFileSync(resolvConf, files.conf ?? "search .\n");
  const source = createDnsLookup({ clock: systemClock, servers: [server.address], hostsFile, resolvConf });
  const { lookup } = boundedLookup(source, { clock: systemClock, timeoutMs });
  return { server, lookup, hostsFile, resolvConf };
}
const v4 = (address: string) => ({ address, family: 4 });
const v6 = (address: string) => ({ address, family: 6 });
const byAddress = (addresses: readonly { address: string }[]) =>
  addresses.map(({ address }) => address).toSorted();

describe("a name", () => {
  it("has the addresses of both families, each asked for once, and again for the next connection", async () => {
    let asked = 0;
    const { lookup, server } = await names((_name, type) =>
      type === "A" ? [`203.0.113.${(asked += 1)}`, "203.0.113.99"] : ["2606:4700::1"],
    );
    expect(byAddress(await lookup("partner.test"))).toEqual(["203.0.113.1", "203.0.113.99", "2606:4700::1"]);
    expect(byAddress(await lookup("Partner.TEST"))).toEqual(["203.0.113.2", "203.0.113.99", "2606:4700::1"]);
    expect(server.questions.toSorted()).toEqual([
      "A partner.test",
      "A partner.test",
      "AAAA partner.test",
      "AAAA partner.test",
    ]);
  });

  it.each([
    ["NXDOMAIN", "dns", "partner.test does not exist (ENOTFOUND)."],
    [[], "dns", "partner.test has no address (ENODATA)."],
    ["SERVFAIL", "dns", "the name servers of partner.test failed (ESERVFAIL)."],
    ["REFUSED", "dns", "the name servers refused to answer for partner.test (EREFUSED)."],
  ] as const)("without addresses (%j) fails in words", async (answer, failureClass, message) => {
    const { lookup } = await names(() => answer);
    await expect(lookup("partner.test")).rejects.toMatchObject({ class: failureClass, message });
  });

  it.each([700, 2_400])("whose servers take %i ms is found, also when others were quick", async (slowMs) => {
    let waitMs = 0;
    const { lookup } = await names(
      (name) => ((waitMs = name.startsWith("slow") ? slowMs : 0), ["203.0.113.1"]),
      {},
      8_000,
      () => waitMs,
    );
    for (let n = 0; n < 10; n += 1) await lookup(`quick${n}.test`);
    const slow = [0, 1, 2, 3].map(async (n) => {
      await systemClock.sleep(n * 150);
      return lookup(`slow${n}.test`);
    });
    expect(await Promise.all(slow)).toEqual([0, 1, 2, 3].map(() => [v4("203.0.113.1")]));
  });

  it("whose servers answer for one family only is not waited for long", async () => {
    const { lookup } = await names((_name, type) => (type === "A" ? ["203.0.113.1"] : "silence"));
    const startedAt = performance.now();
    expect(await lookup("partner.test")).toEqual([v4("203.0.113.1")]);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it("whose servers are silent is the partner's failure where others are answered, and ours where nobody is", async () => {
    const some = await names((name) => (name === "hang.test" ? "silence" : []), {}, 3_000);
    await expect(some.lookup("hang.test")).rejects.toMatchObject({
      class: "dns",
      message: "the name servers did not answer for hang.test in time.",
    });
    expect(some.server.questions).toContain("NS .");
    const dead = await startDnsServer(() => "silence");
    await dead.stop();
    const source = createDnsLookup({ clock: systemClock, servers: [dead.address], hostsFile: "/dev/null" });
    await expect(
      boundedLookup(source, { clock: systemClock, timeoutMs: 3_000 }).lookup("partner.test"),
    ).rejects.toMatchObject({ class: "local" });
  });
});

describe("the machine's files", () => {
  it("come first, and are read again when they change", async () => {
    const { lookup, server, hostsFile } = await names(() => ["203.0.113.1"], {
      hosts: "10.0.0.7 crm.test crm",
    });
    expect(await lookup("CRM.test")).toEqual([v4("10.0.0.7")]);
    expect(await lookup("crm")).toEqual([v4("10.0.0.7")]);
    expect(server.questions).toEqual([]);
    writeFileSync(hostsFile, "10.0.0.8 crm.test # moved");
    expect(await lookup("crm.test")).toEqual([v4("10.0.0.8")]);
    writeFileSync(hostsFile, "");
    expect(await lookup("crm.test")).toEqual([v4("203.0.113.1")]);
  });

  it("say which domains are searched, in which order", async () => {
    const { lookup, server, resolvConf } = await names(
      (name) => (name === "crm.b.internal" || name === "a.b.c" ? ["10.0.0.7"] : "NXDOMAIN"),
      { conf: "search a.internal b.internal\noptions ndots:2" },
    );
    expect(await lookup("crm")).toEqual([v4("10.0.0.7")]);
    expect(await lookup("a.b.c")).toEqual([v4("10.0.0.7")]);
    const asked = () => server.questions.filter((one) => one.startsWith("A ")).map((one) => one.slice(2));
    expect(asked()).toEqual(["crm.a.internal", "crm.b.internal", "a.b.c"]);
    writeFileSync(resolvConf, "search .\n");
    await expect(lookup("crm")).rejects.toMatchObject({ message: "crm does not exist (ENOTFOUND)." });
    expect(asked().at(-1)).toBe("crm");
  });

  it("need not name localhost", async () => {
    const { lookup, server } = await names(() => ["203.0.113.1"]);
    for (const name of ["localhost", "LOCALHOST.", "a.localhost"])
      expect(await lookup(name)).toEqual([v4("127.0.0.1"), v6("::1")]);
    expect(server.questions).toEqual([]);
  });
});

describe("names whose servers never answer", () => {
  it("do not fail together if they were asked for together", async () => {
    const clock = createManualClock(0);
    const { lookup } = boundedLookup(
      { lookup: () => new Promise<never>(() => {}) },
      { clock, timeoutMs: 8_000 },
    );
    let failed = 0;
    for (let n = 0; n < 300; n += 1) lookup(`postbacks${n}.example.com`).catch(() => (failed += 1));
    await clock.advance(3_950);
    expect(failed).toBe(0);
    const most = { inStep: 0 };
    for (let ms = 3_950; ms < 8_000; ms += 50) {
      const before = failed;
      await clock.advance(50);
      most.inStep = Math.max(most.inStep, failed - before);
    }
    expect(failed).toBe(300);
    expect(most.inStep).toBeLessThan(20);
  });

  it("are asked for again when the source gives up, for whoever still waits", async () => {
    const clock = createManualClock(0);
    const open: ((error: Error | null) => void)[] = [];
    const { lookup } = boundedLookup(
      {
        lookup: () =>
          new Promise((resolve, reject) =>
            open.push((error) => (error ? reject(error) : resolve([v4("203.0.113.1")]))),
          ),
      },
      { clock, timeoutMs: 8_000 },
    );
    const gaveUp = Object.assign(new Error("no answer"), { code: "ETIMEOUT" });
    const first = lookup("slow.test");
    await clock.advance(2_500);
    const second = lookup("slow.test");
    expect(open).toHaveLength(1);
    open[0]!(gaveUp);
    await clock.advance(0);
    // One question for both.
    expect(open).toHaveLength(2);
    open[1]!(null);
    expect(await Promise.all([first, second])).toEqual([[v4("203.0.113.1")], [v4("203.0.113.1")]]);
    // A source that gives up at once is not asked in a circle.
    const third = lookup("slow.test");
    open[2]!(gaveUp);
    await expect(third).rejects.toMatchObject({ class: "dns" });
    expect(open).toHaveLength(3);
  });

  it("are ours once nobody is answered any more, however long they were asked for before", async () => {
    const clock = createManualClock(0);
    const gaveUp = Object.assign(new Error("no answer"), { code: "ETIMEOUT" });
    let answeredAtMs = 0;
    const { lookup } = boundedLookup(
      {
        lookup: () => clock.sleep(3_000).then(() => Promise.reject(gaveUp)),
        answeredAtMs: () => answeredAtMs,
      },
      { clock, timeoutMs: 8_000 },
    );
    const failures: string[] = [];
    for (let ms = 0; ms < 60_000; ms += 1_000) {
      // For half a minute the name servers answer for others.
      if (ms <= 30_000) answeredAtMs = clock.monotonicMs();
      lookup("silent.test").catch((error: { class: string }) => failures.push(error.class));
      await clock.advance(1_000);
    }
    expect(failures[0]).toBe("dns");
    expect(failures.at(-1)).toBe("local");
  });

  it.each([12, 300])("hold up nobody: %i of them", async (count) => {
    const { lookup, server } = await names((name) => (name.startsWith("hang") ? "silence" : ["203.0.113.1"]));
    const hanging = Array.from({ length: count }, (_, n) =>
      lookup(`hang${n}.test`).catch((error: Error) => error),
    );
    const startedAt = performance.now();
    const good = Array.from({ length: 20 }, (_, n) => lookup(`good${n}.test`));
    for (const addresses of await Promise.all(good)) expect(addresses).toEqual([v4("203.0.113.1")]);
    // The time in which the first of the hanging ones is not even asked for again.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    // Those known as silent stay behind, also while their questions are repeated.
    for (let round = 0; round < 20; round += 1) {
      const again = performance.now();
      await lookup(`good${round}.test`);
      expect(performance.now() - again).toBeLessThan(500);
      await systemClock.sleep(100);
    }
    for (const error of await Promise.all(hanging))
      expect(error).toMatchObject({
        class: "dns",
        message: expect.stringContaining("did not answer for hang"),
      });
    expect(new Set(server.questions.filter((one) => one.includes("hang"))).size).toBe(count * 2);
  });
});

describe("the system's resolver", () => {
  it("gives the names that were slow one place of two", async () => {
    const clock = createManualClock(0);
    const open = new Map<string, () => void>();
    const asked: string[] = [];
    const source = createSystemLookup((hostname) => {
      asked.push(hostname);
      return new Promise((resolve) => open.set(hostname, () => resolve([v4("203.0.113.1")])));
    });
    const { lookup } = boundedLookup(source, { clock, timeoutMs: 5_000 });
    const first = ["slow1", "slow2", "slow3"].map((name) => lookup(name).catch((error: Error) => error));
    expect(asked).toEqual(["slow1", "slow2"]);
    await clock.advance(5_000);
    expect(await Promise.all(first)).toMatchObject([
      { class: "dns" },
      { class: "dns" },
      // It was in the line of this process, and no fault of its name servers.
      { class: "local" },
    ]);
    open.get("slow1")!();
    await clock.advance(0);
    // slow2 still holds a place: the other one is for names that were never slow.
    const good = lookup("good");
    expect(asked.at(-1)).toBe("good");
    open.get("good")!();
    expect(await good).toEqual([v4("203.0.113.1")]);
    // slow1 has answered, too late.
    void lookup("slow1").catch(() => {});
    expect(asked.at(-1)).toBe("good");
  });
});
