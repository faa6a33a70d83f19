import type { PreviewRequest } from "@postrider/client";
import { defineCommand, required } from "../command.ts";
import { say, sayJson } from "../context.ts";
import { eventChoiceOptions, readEventChoice, sampleHint } from "../event-choice.ts";
import { exitCodes } from "../exit.ts";
import { readJsonArgument } from "../json-argument.ts";
import { tone } from "../render/colour.ts";
import { writeRequest } from "../render/request.ts";
import { plain } from "../render/text.ts";

/** `postrider endpoints preview` */
export const preview = defineCommand({
  name: "preview",
  summary: "Show the request that an endpoint, or a draft of one, makes of an event.",
  description:
    "Nothing is sent or stored. Secrets and what looks like a credential are masked. A draft may be of an endpoint that does not exist yet. " +
    "Exit code 1 if there would be no request.",
  args: [
    { name: "partner", summary: "the partner's id" },
    { name: "endpoint", summary: "the endpoint's id" },
  ],
  options: {
    document: {
      kind: "text",
      value: "json|@file",
      summary: "a draft, as `put --file` takes it",
      fallback: "the stored document",
    },
    ...eventChoiceOptions,
  },
  examples: [
    {
      line: "postrider endpoints preview acme main --event-id conv-1001",
      meaning: "For an event of the ledger:",
    },
    {
      line: `postrider endpoints preview acme main --document @draft.json --event '{"data":{"click_id":"c-1"}}'`,
      meaning: "A draft, for an event of your own:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const { stdout: out } = context;
    const document =
      options.document === undefined
        ? {}
        : { document: await readJsonArgument(context, "--document", options.document) };
    const request = { ...document, ...(await readEventChoice(context, options)) } as PreviewRequest;
    const shown = await (await api()).previewEndpoint(required(args, 0), required(args, 1), request);
    const code = shown.request === null ? exitCodes.failed.code : exitCodes.ok.code;
    if (json) {
      sayJson(out, shown);
      return code;
    }
    if (shown.request !== null) writeRequest(out, shown.request);
    if (shown.failure !== undefined)
      say(out, tone(out, "bad", plain(`No request: ${shown.failure.reason}: ${shown.failure.message}`)));
    const hint = sampleHint(shown.failure?.reason, options);
    if (hint !== null) say(out, hint);
    for (const { message } of shown.warnings) say(out, tone(out, "warning", plain(`Warning: ${message}`)));
    return code;
  },
});
