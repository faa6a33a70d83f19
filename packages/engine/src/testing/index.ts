export { chaoticLedger, chaoticTransport, type LedgerChaos, TransientFault } from "./chaos.ts";
export { type DnsAnswer, type DnsServer, startDnsServer } from "./dns-server.ts";
export { eventDocuments } from "./event-documents.ts";
export { createManualClock, type ManualClock, settled } from "./manual-clock.ts";
export { findPgbouncer, type PgbouncerServer, startPgbouncer } from "./pgbouncer-server.ts";
export { createDatabase, findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export { findRedis, type RedisServer, startRedis } from "./redis-server.ts";
export { createSeededRandom } from "./seeded-random.ts";
export { describeTurns, type TurnsSuiteOptions, type TurnsUnderTest } from "./turns-suite.ts";
