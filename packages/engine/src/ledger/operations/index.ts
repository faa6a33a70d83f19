export { createOperations, type LedgerOperations } from "./create-operations.ts";
