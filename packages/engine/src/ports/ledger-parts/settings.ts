/** Partners' settings as dispatch uses them. */
import type { EndpointDocument } from "../../core/documents.ts";
import type { PostriderError } from "../../core/errors.ts";

/** One signing key as stored: the secret is sealed until the moment it is used. */
export interface StoredKey {
  readonly scheme: "v1" | "v1a";
  readonly secretText: string;
  readonly retiresAtMs: number | null;
}

/** A partner's settings as the dispatcher uses them, at one version. */
export interface PartnerSettings {
  readonly partnerNo: number;
  readonly id: string;
  readonly version: number;
  readonly ratePerSecond: number | null;
  readonly burst: number | null;
  readonly maxInFlight: number;
  /** Newest first. Empty if they are unreadable. */
  readonly keys: readonly StoredKey[];
  /** Values by name. Absent or empty: it has none, or they are unreadable. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Texts by name. Absent: none. */
  readonly constants?: Readonly<Record<string, string>>;
  /** Set if the master keys of this process do not open a live key or a secret of the partner. `keyId` null: no master key does. */
  readonly unreadable?: { readonly keyId: string | null; readonly error: PostriderError };
  readonly endpoints: readonly {
    readonly endpointNo: number;
    readonly id: string;
    readonly version: number;
    /** See `StoredCircuit`. */
    readonly circuitNo?: number;
    readonly document: EndpointDocument;
  }[];
}

/** Reads partners' settings. Used by the partner cache and by test postbacks. */
export interface SettingsLedger {
  /** Settings of these partners, for those whose version the dispatcher has not seen. */
  settings(partnerNos: readonly number[], nowMs: number): Promise<readonly PartnerSettings[]>;
}

/** Finds an endpoint by its names. Used by test postbacks, which have no delivery to start from. */
export interface NameLedger {
  /** The numbers of an endpoint by its names, or null. */
  locate(
    partnerId: string,
    endpointId: string,
  ): Promise<{ readonly partnerNo: number; readonly endpointNo: number } | null>;
}
