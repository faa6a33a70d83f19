/** The contract's, for the documents and templates of the engine. */
export {
  isRawNumber,
  type JsonArray,
  type JsonObject,
  type JsonValue,
  parseExactJson,
  type RawNumber,
} from "@postrider/contract/exact-json";
