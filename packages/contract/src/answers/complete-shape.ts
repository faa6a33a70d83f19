import { z } from "zod";

type CompleteShape<Shape extends z.ZodRawShape> = {
  [Key in keyof Shape]: z.ZodType<z.output<Shape[Key]>>;
};

/**
 * The keys of a document as an answer has them: without defaults, so that an answer which forgets one is refused. Objects
 * within are complete and strict too, and are named `Complete…`.
 */
export function completeShape<Shape extends z.ZodRawShape>(shape: Shape): CompleteShape<Shape> {
  return Object.fromEntries(
    Object.entries(shape).map(([key, schema]) => [key, complete(schema as z.ZodType)]),
  ) as CompleteShape<Shape>;
}

function complete(schema: z.ZodType): z.ZodType {
  const whole = withoutDefault(schema);
  const description = z.globalRegistry.get(schema)?.description;
  return whole === schema || description === undefined ? whole : whole.describe(description);
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return complete(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodNullable) return complete(schema.unwrap() as z.ZodType).nullable();
  if (!(schema instanceof z.ZodObject)) return schema;
  const id = z.globalRegistry.get(schema)?.["id"];
  const whole = z.strictObject(completeShape(schema.shape));
  return typeof id === "string" ? whole.meta({ id: `Complete${id}` }) : whole;
}
