import type { Endpoint } from "@postrider/receiver";
import { type LambdaEvent, lambdaHandler, type LambdaResult } from "@postrider/receiver/lambda";

// In a function's module: export const handler = lambdaHandler(endpoint);
export function lambda(endpoint: Endpoint): (event: LambdaEvent) => Promise<LambdaResult> {
  return lambdaHandler(endpoint);
}
