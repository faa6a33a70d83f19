export { createDatabase, findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
