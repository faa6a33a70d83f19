import { type ReceivedRequest, type Sandbox, startSandbox } from "@postrider/sandbox";
import { createSender } from "@postrider/sender";
import { type Api, createApi } from "./api.ts";
import { cast, type Member } from "./cast.ts";
import { catalogue, type DemoEvent } from "./catalogue.ts";
import { conversionEvents, githubEvents } from "./events.ts";
import { watch } from "./progress.ts";
import { type Line, reconcile } from "./reconcile.ts";
import { startDemoServer } from "./server-process.ts";
import { table } from "./table.ts";

const say = (text = "") => void process.stdout.write(`${text}\n`);

/** Requests that the sandbox keeps for the reckoning: more than the story makes. */
const kept = 100_000;

/**
 * The whole story, from accepting to the reckoning. It cleans up after itself, also where it fails.
 *
 * @returns what is lost or unexplained, in words: empty where all is well
 */
export async function tellStory(): Promise<readonly string[]> {
  const startedMs = performance.now();
  await using sandbox = await startSandbox({ port: 0, keep: kept });
  await using server = await startDemoServer(new URL(sandbox.url).host);
  say(`Postrider runs on ${server.url} with an embedded ledger, the sandbox on ${sandbox.url}.\n`);
  const api = createApi(server.url, server.apiKey);
  const [github, conversions] = [githubEvents(), conversionEvents()];
  const events = [...github, ...conversions];

  await registerCast(api, sandbox);
  say(
    `\nSending ${github.length} GitHub webhook bodies and ${conversions.length} conversions through the SDK:`,
  );
  const sender = createSender({ url: server.url, apiKey: server.apiKey, catalogue });
  const expected = cast.reduce((sum, { takes }) => sum + events.filter(takes).length, 0);
  const ended = watch(
    { api, sandbox },
    "first round",
    ({ accepted, pending }) => accepted >= expected && pending === 0,
  );
  const [results] = await Promise.all([sender.sendBatch(events), ended]);
  const refused = results.filter(({ status }) => status !== "accepted");

  const wereDead = await buryAndReplay(api, sandbox);
  const { drift } = await watch({ api, sandbox }, "after the replay", ({ pending }) => pending === 0);
  const lines = await Promise.all(cast.map((member) => reckon(member, events, api, sandbox, wereDead)));
  showLines(lines);
  const problems = [
    ...refused.map(({ event_id: id, status }) => `${id} was not accepted: ${status}`),
    ...(drift === 0 ? [] : [`the ledger's books are off by ${drift}`]),
    ...lines.flatMap(({ problems }) => problems),
  ];
  say(verdict(problems, lines, (performance.now() - startedMs) / 1_000));
  return problems;
}

async function registerCast(api: Api, sandbox: Sandbox): Promise<void> {
  for (const { id, behaviours, endpoint } of cast) {
    const partner = sandbox.partner(id);
    partner.script(behaviours);
    partner.secret(await api.createPartner(id, { name: id }, endpoint(partner.url)));
  }
  say(table(cast.map(({ id, manner }) => ({ partner: id, manner }))));
}

/** Shows the dead letters, repairs their partner, and replays them; resolves to how many each partner had. */
async function buryAndReplay(api: Api, sandbox: Sandbox): Promise<ReadonlyMap<string, number>> {
  const groups = await api.deadLetters();
  say("\nThe dead letters, grouped:");
  say(
    table(
      groups.map(({ partner, endpoint, reason, last_error, count }) => ({
        partner,
        endpoint,
        reason: reason ?? "",
        "last error": last_error ?? "",
        count,
      })),
    ),
  );
  const repaired = new Set(groups.map(({ partner }) => partner));
  for (const partner of repaired) sandbox.partner(partner).script("ok");
  const { matched } = await api.replay({}, true);
  say(
    `\n${[...repaired].join(", ")} is repaired. A dry run of the replay matches ${matched} deliveries; now in earnest:`,
  );
  const { replay_id: id } = await api.replay({}, false);
  if (id === null) throw new Error("the replay has no id");
  await watch({ api, sandbox }, "replay", ({ finished }) => (finished["dead"] ?? 0) === 0);
  const { state, replayed, skipped } = await api.replayState(id);
  say(`  the replay is ${state}: ${replayed} put back, ${skipped} skipped.`);
  return new Map(groups.map(({ partner, count }) => [partner, count]));
}

/** Holds what the ledger says of a partner against what the partner received. */
async function reckon(
  member: Member,
  events: readonly DemoEvent[],
  api: Api,
  sandbox: Sandbox,
  wereDead: ReadonlyMap<string, number>,
): Promise<Line> {
  const sent = events.filter(member.takes);
  const [ledger, requests] = [await api.deliveries(member.id), await sandbox.partner(member.id).requests()];
  const byId = new Map(sent.map((event) => [event.event_id, event]));
  const eventOf = new Map(ledger.map(({ id, event_id }) => [id, byId.get(event_id)]));
  const right = (request: ReceivedRequest) => {
    const event = eventOf.get(request.webhook_id ?? "");
    return event !== undefined && member.isContentOf(request, event);
  };
  const arrivals = requests.map((request) => ({
    webhookId: request.webhook_id,
    answered: request.answered,
    verified: request.verification.verdict === "verified",
    right: right(request),
  }));
  return reconcile({
    partner: member.id,
    sent: sent.map(({ event_id }) => event_id),
    ledger,
    arrivals,
    wereDead: wereDead.get(member.id) ?? 0,
  });
}

function showLines(lines: readonly Line[]): void {
  say("\nThe ledger compared with what each partner received:");
  say(
    table(
      lines.map(({ partner, events, delivered, attempts, retries, replayed, verified }) => ({
        partner,
        events,
        delivered,
        attempts,
        retries,
        "dead→replayed": replayed,
        "verified signatures": verified,
      })),
    ),
  );
}

function verdict(problems: readonly string[], lines: readonly Line[], seconds: number): string {
  const sum = (of: (line: Line) => number) => lines.reduce((total, line) => total + of(line), 0);
  const told = `${sum(({ delivered }) => delivered)} deliveries, ${sum(({ attempts }) => attempts)} attempts, ${seconds.toFixed(1)} s`;
  if (problems.length > 0)
    return `\nNOT WELL (${told}):\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
  const repeats = `${sum(({ repeats }) => repeats)} requests repeated a webhook-id, each a retry or a replay that the ledger knows`;
  return `\n${repeats}.\nAll well: nothing lost, nothing unexplained, every signature verified (${told}).`;
}
