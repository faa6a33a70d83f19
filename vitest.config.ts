import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{packages,apps,examples,bench,e2e,docs,scripts}/**/*.test.ts"],
    reporters: ["default", "./scripts/closing-line-reporter.ts"],
    globalSetup: ["./scripts/test-servers.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    maxWorkers: 2,
  },
});
