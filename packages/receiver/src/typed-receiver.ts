import { ReceiverError } from "./errors.ts";
import { type Endpoint, handle, type HandleOptions, type HandlerResult, type Message } from "./handle.ts";

/** What is used of a Standard Schema (zod, valibot, arktype): https://standardschema.dev, version 1. */
export interface SchemaLike {
  readonly "~standard": {
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
    readonly types?: { readonly output: unknown } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<{ readonly path?: ReadonlyArray<unknown> | undefined }> };

/** Event types, each with its versions from 1, each with the schema of `data`: what the sender's `defineCatalogue` makes. */
export type SchemaCatalogue = Readonly<Record<string, Readonly<Record<number, SchemaLike>>>>;

type Output<Schema> = Schema extends { readonly "~standard": { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Out }
    ? Out
    : unknown
  : unknown;

/** One event, told apart by `schema_version`; fields beyond these are tolerated and dropped. */
export type ReceivedEvent<C extends SchemaCatalogue, Type extends keyof C & string> = {
  [Version in keyof C[Type] & number]: {
    /** The event's id; `message.id` is the delivery's. */
    id: string;
    type: Type;
    /** When it happened, RFC 3339. */
    timestamp: string;
    schema_version: Version;
    data: Output<C[Type][Version]>;
  };
}[keyof C[Type] & number];

type EventHandler<C extends SchemaCatalogue, Type extends keyof C & string> = (
  event: ReceivedEvent<C, Type>,
  message: Message,
) => HandlerResult | Promise<HandlerResult>;

/** Options of `handle`, with a catalogue in place of the one handler. */
export interface ReceiverOptions<C extends SchemaCatalogue> extends Omit<HandleOptions, "handler"> {
  catalogue: C;
}

/** Handlers by event type behind one endpoint. */
export interface Receiver<C extends SchemaCatalogue> {
  /** For adapters: `webHandler(receiver.endpoint)`. */
  endpoint: Endpoint;
  /** Sets the handler of a type, for all its versions. */
  on<Type extends keyof C & string>(type: Type, handler: EventHandler<C, Type>): Receiver<C>;
}

interface Event {
  id: string;
  type: string;
  timestamp: string;
  schema_version: number;
  data: unknown;
}

/**
 * An endpoint whose handlers are typed by a catalogue of event types. Types without a handler are answered 200, so
 * that a sender may add some; a version that the catalogue lacks is answered 422 with those it has.
 *
 * @example
 * ```ts
 * const receiver = createReceiver({ catalogue, secrets, store, onError: console.error });
 * receiver.on("conversion.approved", (event) => pay(event.data.click_id));
 * export const POST = webHandler(receiver.endpoint);
 * ```
 */
export function createReceiver<const C extends SchemaCatalogue>(options: ReceiverOptions<C>): Receiver<C> {
  const { catalogue, ...others } = options;
  const handlers = new Map<
    string,
    (event: never, message: Message) => HandlerResult | Promise<HandlerResult>
  >();

  async function handler(message: Message): Promise<HandlerResult> {
    const event = readEnvelope(message.json());
    const run = handlers.get(event.type);
    if (run === undefined) return undefined;
    const data = await readData(catalogue[event.type] ?? {}, event);
    const { id, type, timestamp, schema_version } = event;
    return run({ id, type, timestamp, schema_version, data } as never, message);
  }

  const receiver: Receiver<C> = {
    endpoint: handle({ ...others, handler }),
    on(type, handle) {
      handlers.set(type, handle);
      return receiver;
    },
  };
  return receiver;
}

function readEnvelope(body: unknown): Event {
  const { id, type, timestamp = "", schema_version = 1, data } = (body ?? {}) as Partial<Event>;
  if (typeof type !== "string") throw malformed("type");
  if (typeof id !== "string") throw malformed("id");
  if (typeof timestamp !== "string") throw malformed("timestamp");
  if (!Number.isSafeInteger(schema_version)) throw malformed("schema_version");
  return { id, type, timestamp, schema_version, data };
}

function malformed(field: string): ReceiverError<"envelope_malformed"> {
  const message = `The envelope's ${field} is missing or of another type: expected { id, type, timestamp, schema_version, data }.`;
  return new ReceiverError("envelope_malformed", { field }, message);
}

async function readData(versions: Readonly<Record<number, SchemaLike>>, event: Event): Promise<unknown> {
  const { type, schema_version: version } = event;
  const schema = Object.hasOwn(versions, version) ? versions[version] : undefined;
  if (schema === undefined) {
    const supported = Object.keys(versions).map(Number);
    const message = `Version ${version} of the event is not supported, only ${supported.join(", ")}: add it to the catalogue, or ask the sender for another.`;
    throw new ReceiverError("schema_version_unknown", { type, version, supported }, message);
  }
  const result = await schema["~standard"].validate(event.data);
  if (result.issues === undefined) return result.value;
  const paths = result.issues.map(({ path = [] }) => path.map(segment).join("."));
  const message = `The event's data does not fit version ${version} of its schema, at ${paths.join(", ") || "its root"}.`;
  throw new ReceiverError("data_invalid", { type, version, paths }, message);
}

const segment = (part: unknown): string =>
  String(typeof part === "object" && part !== null && "key" in part ? part.key : part);
