export { cancelDeleted } from "./cancel-deleted.ts";
export { createOperations, type LedgerOperations, type OperationsOptions } from "./create-operations.ts";
export { replaySelection } from "./selection.ts";
