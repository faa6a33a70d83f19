import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** Bundles an entry of this package into one minified module, as a partner's bundler would. */
export async function bundle(entry: string, source?: string): Promise<string> {
  const build = await rolldown({
    input: entry,
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    treeshake: true,
    external: /^node:/,
    ...(source !== undefined && {
      plugins: [
        {
          name: "given-source",
          resolveId: (id: string) => (id === entry ? id : null),
          load: (id: string) => (id === entry ? source : null),
        },
      ],
    }),
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  // Hints for bundlers, which an application's own build drops.
  return output[0].code
    .replaceAll(/(?<=\w)\/\* @__PURE__ \*\/ ?/g, " ")
    .replaceAll(/\/\* @__PURE__ \*\/ ?/g, "")
    .trim();
}
