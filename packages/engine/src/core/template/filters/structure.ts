import { compactJson, cutItems } from "../../json-text.ts";
import { encodeUrlValue } from "../encode.ts";
import { jsonOf } from "../value.ts";
import { type FilterFamily, invalid, textFilter, texts } from "./filter.ts";

const notList = invalid("takes a list, and this is none");

/** Filters on values of any kind: their JSON text, the length of a list, one more layer of percent-encoding. */
export const structureFilters: FilterFamily = {
  json: {
    usage: "|json",
    parameters: [],
    takes: texts,
    bind: () => ({ gives: "code", apply: (value) => compactJson(jsonOf(value)) }),
  },
  count: {
    usage: "|count",
    parameters: [],
    takes: ["any"],
    bind: () => ({
      gives: "number",
      apply: (value) => {
        if (typeof value !== "object" || !value.json.startsWith("[")) return notList;
        return { json: String(cutItems(value.json, 0).count) };
      },
    }),
  },
  urlencode: textFilter("|urlencode", encodeUrlValue, { gives: "code" }),
};
