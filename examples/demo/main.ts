/** `npm run demo`: the whole story without a hand on the keyboard. Exits with 1 where anything is lost or unexplained. */
import { tellStory } from "./src/story.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

try {
  const problems = await tellStory();
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(
    `\nThe demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
}
