import type {
  BreakerDocument,
  Cancelling,
  DeliveryFilter,
  EndpointDocument,
  OrderDocument,
  PartnerDocument,
  RetryDocument,
  RotateRequest,
} from "@postrider/contract";

/** An optional key that may also be given as undefined, which leaves it out. */
type Optional<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** A page of a list. */
export interface PageQuery {
  /** 1 to 500. Default 50. */
  readonly limit?: number | undefined;
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** Which deliveries, and which page of them. */
export type DeliveriesQuery = Optional<Omit<DeliveryFilter, "delivery_ids">> & PageQuery;

/** A partner as it is put: a key that is missing has its default. */
export type PartnerInput = Optional<PartnerDocument> & {
  readonly name: string;
  /** Only for a partner that does not exist yet: a secret to sign with, instead of a new one. */
  readonly signing_secret?: string | undefined;
};

/** An endpoint as it is put: a key that is missing has its default. */
export type EndpointInput = Optional<Omit<EndpointDocument, "url" | "retry" | "order" | "breaker">> & {
  readonly url: string;
  readonly retry?: Optional<RetryDocument> | undefined;
  readonly order?: Optional<OrderDocument> | null | undefined;
  readonly breaker?: Optional<BreakerDocument> | null | undefined;
};

/** An event of one's own. Numbers of its data keep their digits if they were read by `parseExactJson` of the contract. */
export interface SampleEventInput {
  readonly event_id?: string | undefined;
  readonly type?: string | undefined;
  readonly schema_version?: number | undefined;
  readonly occurred_at?: string | undefined;
  readonly data: object;
}

/** Which event a preview or a test is about: one of one's own, one of the ledger, or without both the sample event. */
export interface EventChoiceRequest {
  readonly event?: SampleEventInput | undefined;
  readonly event_id?: string | undefined;
}

/** What is previewed. */
export interface PreviewRequest extends EventChoiceRequest {
  /** A draft. Default: the document that is stored. */
  readonly document?: EndpointInput | undefined;
}

/** How a test postback is made. */
export interface TestRequest extends EventChoiceRequest {
  /** Sign with all live keys, or with the newest of each scheme. Default all. */
  readonly keys?: "all" | "newest" | undefined;
}

/** How the next signing key is made. */
export type RotateSecretRequest = Optional<RotateRequest>;

/** A deletion: `cancelling` while what waits is still being cancelled. Nothing of it is sent. */
export type DeletionAnswer = Partial<Cancelling>;
