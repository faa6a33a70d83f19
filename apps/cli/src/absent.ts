import { CliError } from "./exit.ts";

/** For `catch`: null instead of a not-found error. */
export function absent(error: unknown): null {
  if (error instanceof CliError && error.exit === "notFound") return null;
  throw error;
}
