import {
  encodeFormValue,
  encodePathText,
  encodeQueryName,
  encodeUrlLiteral,
  encodeUrlValue,
} from "./encode.ts";

/**
 * A place of a request that values can stand in: how each kind of text is encoded there, once.
 *
 * `literal` is for what the operator wrote in the template, `value` for what comes from the event, `partner` for a
 * secret or a constant of the partner.
 */
export interface Place {
  readonly literal: (text: string) => string;
  readonly value: (text: string) => string;
  readonly partner: (text: string) => string;
}

const asIs = (text: string): string => text;

/** A segment of the URL's path. */
export const pathPlace: Place = {
  literal: (text) => encodeUrlLiteral(text, "path"),
  value: encodeUrlValue,
  partner: encodePathText,
};

/** A parameter as it is written in the URL. */
export const queryPlace: Place = {
  literal: (text) => encodeUrlLiteral(text, "query"),
  value: encodeUrlValue,
  partner: encodeUrlValue,
};

/** A parameter that is written in the URL and sent as a form field. */
export const formPlace: Place = { ...queryPlace, value: encodeFormValue, partner: encodeFormValue };

/** A header, a text within a JSON document (quoted as a whole later) and a plain text: as they are. */
export const plainPlace: Place = { literal: asIs, value: asIs, partner: asIs };

/** The same encoding for all kinds of text. */
const always = (encode: (text: string) => string): Place => ({
  literal: encode,
  value: encode,
  partner: encode,
});

/** Names and values of parameter groups. They are texts, not parts of a URL: all of them is encoded. */
export const groupPlaces = {
  query: { name: always(encodeQueryName), value: always(encodeUrlValue) },
  form: { name: always(encodeFormValue), value: always(encodeFormValue) },
} as const;
