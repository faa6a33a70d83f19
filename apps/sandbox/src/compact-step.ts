import type { Behaviour, Step } from "./behaviour.ts";

type Reader = (argument: string | undefined) => Behaviour;

const readers: Record<string, Reader> = {
  ok: (argument) => (argument === undefined ? { kind: "ok" } : { kind: "ok", status: statusOf(argument) }),
  slow: (argument) => ({ kind: "slow", delay_ms: durationMs(needed("slow", argument, "slow:500ms")) }),
  slow_body: readSlowBody,
  redirect: (argument) => ({
    kind: "redirect",
    location: needed("redirect", argument, "redirect:https://else.where/"),
  }),
  limit: readLimit,
  endless_body: bare("endless_body"),
  reset: bare("reset"),
  reset_body: bare("reset_body"),
  garbage: bare("garbage"),
  nul_body: bare("nul_body"),
  hang: bare("hang"),
  close: bare("close"),
};

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** One step of a compact text, `name[xTIMES][:argument]`; throws plain errors whose position the caller adds. */
export function parseCompactStep(text: string): Step {
  const found = /^([a-z_]+|\d{3})(?:x(\d+))?(?::(.*))?$/s.exec(text);
  const [, name = "", times, argument] = found ?? [];
  const reader = /^\d/.test(name)
    ? statusReader(Number(name))
    : Object.hasOwn(readers, name)
      ? readers[name]
      : undefined;
  if (!reader) {
    throw new Error(
      `cannot read "${text}": write name[xTIMES][:argument], the name a status such as 500 or one of ${Object.keys(readers).join(", ")}`,
    );
  }
  const behaviour = reader(argument);
  return times === undefined ? behaviour : { ...behaviour, times: Number(times) };
}

function statusReader(status: number): Reader {
  return (argument) => {
    if (argument === undefined) return { kind: "status", status };
    if (status !== 429) throw new Error(`${status} takes no argument; only 429:2s has one, its Retry-After`);
    const [wait = "", form, ...more] = argument.split("@");
    if (more.length > 0 || (form !== undefined && form !== "date"))
      throw new Error(`"${argument}" must be like 2s or 2s@date`);
    const retryAfter = { kind: "rate_limit", retry_after_ms: durationMs(wait) } as const;
    return form === undefined ? retryAfter : { ...retryAfter, retry_after_form: "date" };
  };
}

function readSlowBody(argument: string | undefined): Behaviour {
  if (argument === undefined) return { kind: "slow_body" };
  const [interval = "", duration, ...more] = argument.split("/");
  if (duration === undefined || more.length > 0)
    throw new Error(`"${argument}" must be like 100ms/5s, interval and duration`);
  return { kind: "slow_body", interval_ms: durationMs(interval), duration_ms: durationMs(duration) };
}

function readLimit(argument: string | undefined): Behaviour {
  const perSecond = /^(\d+)\/s$/.exec(needed("limit", argument, "limit:20/s"))?.[1];
  if (perSecond === undefined) throw new Error(`"${argument}" must be like 20/s`);
  return { kind: "rate_limit", per_second: Number(perSecond) };
}

function bare(
  kind: "endless_body" | "reset" | "reset_body" | "garbage" | "nul_body" | "hang" | "close",
): Reader {
  return (argument) => {
    if (argument !== undefined) throw new Error(`${kind} takes no argument, got "${argument}"`);
    return { kind };
  };
}

function needed(name: string, argument: string | undefined, example: string): string {
  if (argument === undefined || argument === "")
    throw new Error(`${name} needs an argument: write ${example}`);
  return argument;
}

function statusOf(text: string): number {
  if (!/^\d{3}$/.test(text)) throw new Error(`"${text}" is no status; write ok:204`);
  return Number(text);
}

function durationMs(text: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (unitMs[unit] ?? Number.NaN);
  if (Number.isNaN(ms)) {
    const times = /x\d+$/.exec(text) ? "; the count of times goes after the name, as in 429x2:2s" : "";
    throw new Error(
      `"${text}" is no duration: write a number and ms, s, m or h, such as 500ms or 2s${times}`,
    );
  }
  return Math.round(ms);
}
