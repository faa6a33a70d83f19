import * as fc from "fast-check";
import { expect, test } from "vitest";
import { uuidV7 } from "./uuid.ts";

const seed = 20_260_131;

test("writes the example of RFC 9562 appendix A.6", () => {
  const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
  expect(uuidV7(0x017f22e279b0, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

test("is always a version 7 UUID, and ids of later milliseconds sort later", () => {
  const id = fc.tuple(fc.integer({ min: 0, max: 2 ** 47 }), fc.uint8Array({ minLength: 10, maxLength: 10 }));
  fc.assert(
    fc.property(id, id, ([time, random], [otherTime, otherRandom]) => {
      const [one, other] = [uuidV7(time, random), uuidV7(otherTime, otherRandom)];
      expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(one < other || time >= otherTime).toBe(true);
    }),
    { seed },
  );
});
