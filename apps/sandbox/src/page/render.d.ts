import type { Fired } from "../fire.ts";
import type { ReceivedRequest } from "../received-request.ts";
import type { Verification } from "../verification.ts";

export function escaped(value: unknown): string;
export function renderRequests(requests: readonly ReceivedRequest[]): string;
export function renderRequest(request: ReceivedRequest): string;
export function renderVerification(verification: Verification): string;
export function renderFired(fired: Fired): string;
export function merged(
  known: readonly ReceivedRequest[],
  read: readonly ReceivedRequest[],
  most: number,
): ReceivedRequest[];
