import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type Change,
  type DeliveryState,
  deliveryStates,
  type Reason,
  reasons,
  transition,
} from "./delivery.ts";

const root = new URL("../../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

/** Every legal move, by the one function that allows it. */
const moves = () => {
  const changes: Change[] = [
    { kind: "retry" },
    { kind: "replay" },
    ...Object.keys(reasons).map((reason) => ({ kind: "finish" as const, reason: reason as Reason })),
  ];
  return deliveryStates.flatMap((from) =>
    changes.flatMap((change) => {
      const to = transition(from, change);
      return to === null ? [] : [`${from} --> ${to}: ${change.kind}`];
    }),
  );
};

test("only pending deliveries end or are retried, only ended ones are replayed; a cancelled one may turn out delivered", () => {
  for (const state of deliveryStates) {
    const ended = state !== "pending";
    expect(transition(state, { kind: "retry" })).toBe(ended ? null : "pending");
    expect(transition(state, { kind: "replay" })).toBe(ended ? "pending" : null);
    for (const [reason, { state: to }] of Object.entries(reasons)) {
      const allowed = !ended || (state === "cancelled" && to === "delivered");
      expect(transition(state, { kind: "finish", reason: reason as Reason })).toBe(allowed ? to : null);
    }
  }
});

test("every terminal state has a reason that leads to it, and no reason leads to pending", () => {
  const reached = new Set<DeliveryState>(Object.values(reasons).map(({ state }) => state));
  expect([...reached].sort()).toEqual(deliveryStates.filter((state) => state !== "pending").sort());
});

test("a meaning, which explain prints, speaks of its own reason alone", () => {
  const names = Object.keys(reasons);
  for (const { meaning } of Object.values(reasons))
    expect([...meaning.matchAll(/`(\w+)`/g)].filter(([, name = ""]) => names.includes(name))).toEqual([]);
});

test("the state chart in the documentation shows exactly the legal moves", () => {
  const chart =
    /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(read("docs/reference/states.md"))?.[1] ?? "";
  const drawn = chart
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.includes("-->") && !line.startsWith("[*]"));
  expect(drawn.sort()).toEqual([...new Set(moves())].sort());
});

test("the page of reasons names each with its state and meaning, and no other", () => {
  const rows = [...read("docs/reference/reasons.md").matchAll(/^\| `(\w+)` \| `(\w+)` \| (.+) \|$/gm)];
  expect(rows.map(([, reason, state, meaning]) => [reason, state, meaning])).toEqual(
    Object.entries(reasons).map(([reason, { state, meaning }]) => [reason, state, meaning]),
  );
});

test("the ledger's types list the same states and reasons", () => {
  const folder = "packages/engine/src/ledger/migrations";
  const sql = globSync("*.sql", { cwd: new URL(`${folder}/`, root) })
    .map((file) => read(`${folder}/${file}`))
    .join("\n");
  const valuesOf = (name: string) => {
    const list = new RegExp(`create type postrider\\.${name} as enum \\(([^)]*)\\)`).exec(sql)?.[1] ?? "";
    const later = sql.matchAll(new RegExp(`alter type postrider\\.${name} add value '(\\w+)'`, "g"));
    return [...list.matchAll(/'(\w+)'/g), ...later].map((match) => match[1]);
  };
  expect(valuesOf("delivery_state")).toEqual([...deliveryStates]);
  expect(new Set(valuesOf("reason"))).toEqual(new Set(Object.keys(reasons)));
});
