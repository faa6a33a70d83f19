import { BlockList, isIPv4 } from "node:net";
import * as fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { PostriderError } from "./errors.ts";
import {
  type AddressBlock,
  addressRefusal,
  checkNewTarget,
  checkTargetUrl,
  isPublicAddress,
  parseAllowedTargets,
  refusedIPv4Blocks,
  refusedIPv6Blocks,
} from "./target.ts";

const seed = 20_261_101;
const bits = (block: AddressBlock) => (block.cidr.includes(":") ? 128 : 32);
const toNumber = (address: string): bigint =>
  ipaddr
    .parse(address)
    .toByteArray()
    .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const toAddress = (value: bigint, width: number): string =>
  ipaddr
    .fromByteArray(
      Array.from({ length: width / 8 }, (_, index) =>
        Number((value >> BigInt(width - 8 - 8 * index)) & 255n),
      ),
    )
    .toString();
const rangeOf = (block: AddressBlock): readonly [bigint, bigint] => {
  const [base, prefix] = block.cidr.split("/") as [string, string];
  const first = toNumber(base);
  return [first, first + (1n << BigInt(bits(block) - Number(prefix))) - 1n];
};

/** An independent judge: Node's own list, filled from the same table. */
const nodeList = new BlockList();
for (const block of [...refusedIPv4Blocks, ...refusedIPv6Blocks]) {
  const [base, prefix] = block.cidr.split("/") as [string, string];
  nodeList.addSubnet(base, Number(prefix), bits(block) === 32 ? "ipv4" : "ipv6");
}
const listedByNode = (address: string) => nodeList.check(address, isIPv4(address) ? "ipv4" : "ipv6");

const ipv4 = fc.integer({ min: 0, max: 0xffffffff }).map((value) => toAddress(BigInt(value), 32));

describe("isPublicAddress", () => {
  it.each([...refusedIPv4Blocks, ...refusedIPv6Blocks])("refuses every address in $cidr ($name)", (block) => {
    const [first, last] = rangeOf(block);
    const width = bits(block);
    expect(isPublicAddress(toAddress(first, width))).toBe(false);
    expect(isPublicAddress(toAddress(last, width))).toBe(false);
    fc.assert(
      fc.property(fc.bigInt({ min: first, max: last }), (value) => !isPublicAddress(toAddress(value, width))),
      { seed },
    );
  });

  it.each(refusedIPv4Blocks)("judges the neighbours of $cidr as Node's BlockList does", (block) => {
    const [first, last] = rangeOf(block);
    const neighbours = [first - 1n, last + 1n].filter((value) => value >= 0n && value < 1n << 32n);
    for (const address of neighbours.map((value) => toAddress(value, 32))) {
      expect([address, isPublicAddress(address)]).toEqual([address, !listedByNode(address)]);
    }
  });

  it.each([
    ["9.255.255.255", "10.0.0.0"],
    ["11.0.0.0", "10.255.255.255"],
    ["100.63.255.255", "100.64.0.0"],
    ["100.128.0.0", "100.127.255.255"],
    ["126.255.255.255", "127.0.0.0"],
    ["169.255.0.0", "169.254.169.254"],
    ["172.15.255.255", "172.16.0.0"],
    ["172.32.0.0", "172.31.255.255"],
    ["192.167.255.255", "192.168.0.0"],
    ["198.20.0.0", "198.19.255.255"],
    ["223.255.255.255", "224.0.0.0"],
    ["2001:200::", "2001:1ff:ffff::"],
    ["2001:db9::", "2001:db8:ffff::"],
    ["2003::", "2002:808:808::1"],
    ["3ffe:ffff::", "3fff::"],
    ["3fff:1000::", "3fff:fff::"],
    ["2000::", "1fff:ffff::"],
    ["2606:4700:4700::1111", "4000::"],
  ])("accepts %s beside the refused %s", (accepted, refused) => {
    expect(isPublicAddress(accepted)).toBe(true);
    expect(isPublicAddress(refused)).toBe(false);
  });

  it("agrees with Node's BlockList on random IPv4, and refuses nothing else", () => {
    fc.assert(
      fc.property(ipv4, (address) => {
        expect([address, isPublicAddress(address)]).toEqual([address, !listedByNode(address)]);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it("agrees with Node's BlockList on random global unicast IPv6", () => {
    const unicast = fc
      .bigInt({ min: 1n << 125n, max: (1n << 126n) - 1n })
      .map((value) => toAddress(value, 128));
    fc.assert(
      fc.property(unicast, (address) => {
        expect([address, isPublicAddress(address)]).toEqual([address, !listedByNode(address)]);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it("judges IPv4-mapped and NAT64 forms by the address in them", () => {
    const interesting = fc.oneof(
      ipv4,
      fc.constantFrom("127.0.0.1", "169.254.169.254", "8.8.8.8", "10.1.2.3"),
    );
    fc.assert(
      fc.property(interesting, (address) => {
        const hex = toNumber(address).toString(16).padStart(8, "0");
        const tail = `${hex.slice(0, 4)}:${hex.slice(4)}`;
        const forms = [`::ffff:${address}`, `::ffff:${tail}`, `64:ff9b::${address}`, `64:ff9b::${tail}`];
        expect(forms.map(isPublicAddress)).toEqual(forms.map(() => isPublicAddress(address)));
      }),
      { seed },
    );
  });

  it("gives one answer for all spellings of an IPv6 address", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.boolean(), (value, unicast) => {
        const short = toAddress(unicast ? (value & ((1n << 125n) - 1n)) | (1n << 125n) : value, 128);
        const parsed = ipaddr.IPv6.parse(short);
        const spellings = [
          parsed.toNormalizedString(),
          short.toUpperCase(),
          parsed.parts.map((part) => part.toString(16).padStart(4, "0")).join(":"),
        ];
        expect(spellings.map(isPublicAddress)).toEqual(spellings.map(() => isPublicAddress(short)));
      }),
      { seed },
    );
  });

  it.each([
    "fe80::1%eth0",
    "2606:4700::1%1",
    "",
    "localhost",
    "8.8",
    "010.8.8.8",
    "0x8.8.8.8",
    "134744072",
    "8.8.8.8/8",
  ])("refuses %j, which is not plainly an address", (text) => expect(isPublicAddress(text)).toBe(false));

  it("says why", () => {
    expect(addressRefusal("169.254.169.254")).toBe("link-local, RFC 3927");
    expect(addressRefusal("::ffff:127.0.0.1")).toBe("loopback, RFC 1122");
    expect(addressRefusal("1.1.1.1")).toBeNull();
  });
});

describe("parseAllowedTargets", () => {
  it("normalises hosts as URL does", () => {
    const allowed = parseAllowedTargets([
      " 127.1:4500",
      "CRM.Internal:80",
      "[0:0::1]:443",
      "bücher.example:8080",
    ]);
    expect([...allowed]).toEqual([
      "127.0.0.1:4500",
      "crm.internal:80",
      "[::1]:443",
      "xn--bcher-kva.example:8080",
    ]);
  });

  it.each([
    "",
    "localhost",
    "localhost:0",
    "localhost:65536",
    ":80",
    "http://a:80",
    "a:1:2",
    "::1:80",
    "u@a:80",
    "a/b:80",
    "a b:1",
    "[::1:80",
  ])("refuses %j with the remedy", (entry) => {
    const parse = () => parseAllowedTargets([entry]);
    expect(parse).toThrow(PostriderError);
    expect(parse).toThrow(
      expect.objectContaining({ code: "invalid_settings", hint: expect.stringContaining("host:port") }),
    );
  });
});

describe("checkTargetUrl", () => {
  const allowed = parseAllowedTargets([
    "127.0.0.1:4500",
    "[::1]:4500",
    "dev.internal:443",
    "plain.internal:80",
  ]);

  it.each([
    "https://partner.example/pb?x=1",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "http://127.0.0.1:4500/",
    "http://0x7f.1:4500/",
    "http://[::1]:4500/",
    "https://dev.internal/",
    "http://plain.internal/",
    "https://localhost./",
  ])("lets %s pass", (url) => expect(checkTargetUrl(url, allowed)).toEqual({ ok: true }));

  it.each([
    "https://localhost/",
    "https://LOCALHOST:8443/",
    "https://localhost./",
    "https://app.localhost/x",
  ])("refuses %s where an operator writes it, unless it is allowed", (url) => {
    expect(checkNewTarget(url, allowed)).toMatchObject({
      ok: false,
      message: expect.stringContaining("this machine"),
    });
    const { hostname, port } = new URL(url);
    const named = parseAllowedTargets([`${hostname}:${port || 443}`]);
    expect(checkNewTarget(url, named)).toEqual({ ok: true });
  });

  it.each(["https://localhost.example/", "https://notlocalhost/", "https://partner.example/localhost"])(
    "lets an operator write %s",
    (url) => expect(checkNewTarget(url, allowed)).toEqual({ ok: true }),
  );

  it.each([
    ["http://partner.example/", "Plain http"],
    ["http://127.0.0.1:4501/", "Plain http"],
    ["http://localhost:4500/", "Plain http"],
    ["https://2130706433/", "loopback"],
    ["https://0177.0.0.1/", "loopback"],
    ["https://0x7f.1/", "loopback"],
    ["https://127.1/", "loopback"],
    ["https://[::ffff:127.0.0.1]/", "loopback"],
    ["https://[::ffff:7f00:1]/", "loopback"],
    ["https://[64:ff9b::a9fe:a9fe]/", "link-local"],
    ["https://169.254.169.254/latest/meta-data", "link-local"],
    ["https://168.63.129.16/", "Azure"],
    ["https://user@partner.example/", "User info"],
    ["https://:pw@127.0.0.1:4500/", "User info"],
    ["ftp://partner.example/", "scheme ftp:"],
    ["file:///etc/passwd", "scheme file:"],
    ["/relative", "cannot be parsed"],
  ])("refuses %s: %s", (url, message) => {
    expect(checkTargetUrl(url, allowed)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  it("keeps path, query and passwords out of its messages", () => {
    for (const url of [
      "http://a.example/token?k=secret",
      "https://u:secret@a.example/token",
      "https://10.0.0.1/token?k=secret",
    ]) {
      expect(JSON.stringify(checkTargetUrl(url, allowed))).not.toMatch(/secret|token/);
    }
  });
});
