import type { $ZodType, $ZodTypes } from "zod/v4/core";

/**
 * The paths of keys that a schema would drop from the data it is given: an object schema without `strict` or `loose`
 * keeps only the keys that it names. The data must fit the schema. The output of a transform is not compared.
 *
 * @example await droppedKeys(z.object({ a: z.string() }), { a: "x", b: 1 }) // [["b"]]
 */
export async function droppedKeys(schema: $ZodType, data: unknown): Promise<PropertyKey[][]> {
  const { def } = (schema as $ZodTypes)._zod;
  if (def.type === "object")
    return within(data, (key) =>
      Object.hasOwn(def.shape, key) ? def.shape[key]! : (def.catchall ?? dropped),
    );
  if (def.type === "record") return within(data, () => def.valueType);
  if (def.type === "array") return inList(data, () => def.element);
  if (def.type === "tuple") return inList(data, (index) => def.items[index] ?? def.rest ?? undefined);
  if (def.type === "lazy") return droppedKeys(def.getter(), data);
  if (def.type === "pipe") return droppedKeys(def.in, data);
  if (def.type === "union") return inFirstFitting(def.options, data);
  if (def.type === "intersection") {
    // A key that one of the two keeps is kept.
    const right = new Set((await droppedKeys(def.right, data)).map(nameOf));
    return (await droppedKeys(def.left, data)).filter((path) => right.has(nameOf(path)));
  }
  // What wraps another: optional, nullable, with a default, read only and the like.
  const nothing = data === undefined || data === null;
  return "innerType" in def && !nothing ? droppedKeys(def.innerType, data) : [];
}

/** The first option of a union that fits is the one that is taken. */
async function inFirstFitting(options: readonly $ZodType[], data: unknown): Promise<PropertyKey[][]> {
  for (const option of options)
    if ((await option["~standard"].validate(data)).issues === undefined) return droppedKeys(option, data);
  return [];
}

const dropped = Symbol("dropped");

const nameOf = (path: readonly PropertyKey[]) => JSON.stringify(path.map(String));

async function within(
  data: unknown,
  schemaOf: (key: string) => $ZodType | typeof dropped,
): Promise<PropertyKey[][]> {
  if (typeof data !== "object" || data === null) return [];
  const paths: PropertyKey[][] = [];
  for (const [key, value] of Object.entries(data)) {
    const schema = schemaOf(key);
    // A key with the value undefined does not exist in JSON.
    if (schema === dropped) paths.push(...(value === undefined ? [] : [[key]]));
    else for (const path of await droppedKeys(schema, value)) paths.push([key, ...path]);
  }
  return paths;
}

async function inList(
  data: unknown,
  schemaOf: (index: number) => $ZodType | undefined,
): Promise<PropertyKey[][]> {
  if (!Array.isArray(data)) return [];
  const paths: PropertyKey[][] = [];
  for (const [index, value] of data.entries()) {
    const schema = schemaOf(index);
    if (schema !== undefined)
      for (const path of await droppedKeys(schema, value)) paths.push([index, ...path]);
  }
  return paths;
}
