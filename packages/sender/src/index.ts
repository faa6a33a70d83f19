// Send
export { createSender, type Sender, type SenderOptions } from "./sender.ts";
export { maxBatchEvents } from "./batch.ts";
export { createDoor, type Door, type DoorOptions } from "./door.ts";
export type { Transaction } from "./transaction.ts";
export type { AcceptedResult, BatchResult, EventResult, FailedResult, RefusedResult } from "./result.ts";

// Events
export { type Catalogue, defineCatalogue, type EventOf } from "./catalogue.ts";
export type { AnyEvent, EventDocument, EventFields } from "./event.ts";
export { uuidV7 } from "./uuid.ts";

// Time and chance, for tests
export type { Now, Sleep } from "./clock.ts";
export type { Random } from "./random.ts";

// Errors
export {
  type AnySenderError,
  type Issue,
  isSenderError,
  SenderError,
  type SenderErrorCode,
  senderErrorCodes,
  type SenderErrorFields,
} from "./errors.ts";
