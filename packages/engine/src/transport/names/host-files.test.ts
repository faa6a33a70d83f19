import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { candidatesFor, createReread, parseHosts, parseResolvConf } from "./host-files.ts";

describe("hosts", () => {
  it("gives each name all its addresses, whatever the case and the comments", () => {
    const hosts = parseHosts(
      "# comment\n127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # six\n10.0.0.7  CRM crm.Internal.\r\nnonsense x\n10.0.0.8 crm",
    );
    expect(Object.fromEntries(hosts)).toEqual({
      localhost: [
        { address: "127.0.0.1", family: 4 },
        { address: "::1", family: 6 },
      ],
      "ip6-localhost": [{ address: "::1", family: 6 }],
      crm: [
        { address: "10.0.0.7", family: 4 },
        { address: "10.0.0.8", family: 4 },
      ],
      "crm.internal": [{ address: "10.0.0.7", family: 4 }],
    });
  });
});

describe("resolv.conf", () => {
  it.each([
    ["", { hasServers: false, search: [], ndots: 1 }],
    ["nameserver 10.0.0.2\n", { hasServers: true, search: [], ndots: 1 }],
    ["nameserver fe80::1\nnameserver nonsense", { hasServers: true, search: [], ndots: 1 }],
    ["domain a.internal", { hasServers: false, search: ["a.internal"], ndots: 1 }],
    [
      "search a.internal b.internal.\n# search c",
      { hasServers: false, search: ["a.internal", "b.internal"], ndots: 1 },
    ],
    ["search a\nsearch b c", { hasServers: false, search: ["b", "c"], ndots: 1 }],
    ["options timeout:1 ndots:5 rotate ; ndots:7", { hasServers: false, search: [], ndots: 5 }],
    ["options ndots:99", { hasServers: false, search: [], ndots: 15 }],
    ["options ndots:x", { hasServers: false, search: [], ndots: 1 }],
  ])("%j", (text, expected) => expect(parseResolvConf(text, "machine")).toEqual(expected));

  it("searches the machine's own domain where it names none", () => {
    expect(parseResolvConf("", "m.corp.example").search).toEqual(["corp.example"]);
    expect(parseResolvConf("search .", "m.corp.example").search).toEqual([]);
  });
});

describe("the candidates of a name", () => {
  const conf = (ndots: number) => ({ hasServers: true, search: ["a.internal", "b.internal"], ndots });
  it.each([
    ["crm", 1, ["crm.a.internal", "crm.b.internal", "crm"]],
    ["crm.x", 1, ["crm.x", "crm.x.a.internal", "crm.x.b.internal"]],
    ["crm.x", 5, ["crm.x.a.internal", "crm.x.b.internal", "crm.x"]],
    ["crm.x.", 5, ["crm.x."]],
  ])("%s with ndots %i", (name, ndots, expected) =>
    expect(candidatesFor(name, conf(ndots))).toEqual(expected),
  );
});

describe("a file that is read again", () => {
  it("follows what is written, removed and made again", () => {
    const folder = mkdtempSync(join(tmpdir(), "postrider-names-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "hosts");
    let parses = 0;
    const read = createReread(path, (text) => ((parses += 1), text));
    expect(read()).toBeNull();
    writeFileSync(path, "one");
    expect([read(), read(), read()]).toEqual(["one", "one", "one"]);
    expect(parses).toBe(1);
    writeFileSync(path, "three");
    expect(read()).toBe("three");
    rmSync(path);
    expect(read()).toBeNull();
    writeFileSync(path, "one");
    expect(read()).toBe("one");
  });
});
