import type { Sandbox } from "@postrider/sandbox";
import { createApiClient } from "./api-client.ts";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";

/** A server of this process, and the sandbox beside it. */
export interface Running {
  readonly url: string;
  readonly apiKey: string;
  /** Which ledger it runs on, in words. */
  readonly ledger: string;
  readonly sandbox: { readonly url: string; readonly requests: string } | null;
  /** Stops the server first, so that attempts in flight still find the sandbox. */
  stop(): Promise<void>;
}

export const sandboxPartner = "sandbox";
export const sandboxEndpoint = "main";
export declare function startRunning(context: Context, withSandbox: boolean): Promise<Running>;
