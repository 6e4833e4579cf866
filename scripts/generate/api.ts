/** `docs/reference/api.md`: every route of a node, from the OpenAPI document it serves. */
import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import { describeApi } from '@daybook/node';
import { markdownTable, pageHead } from './packages.ts';

const INTRO = `Every node serves this API, the same as OpenAPI 3.1 at \`/openapi.json\`, and a page to read and try at
\`/docs\`. Routes under \`/v1/contracts\` are derived from the contract definitions. Within \`/v1\` changes are
additions only. Answers speak of final blocks; every error is problem details (RFC 9457) with a code of
[errors.md](errors.md). Amounts are decimal strings, bytes are hex, times RFC 3339.`;

/** The parts of an OpenAPI operation that the page shows. */
interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

interface Document {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

function rowsOf({ paths }: Document, tag: string): readonly (readonly string[])[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, { summary, parameters }]) => {
        const query = (parameters ?? []).filter((parameter) => parameter.in === 'query');
        const names = query.map(({ name }) => `\`${name}\``).join(', ');
        return [`\`${method.toUpperCase()} ${path}\``, summary, names];
      }),
  );
}

export function buildApiPage(): string {
  const words = { title: 'Daybook', version: '1', description: '' };
  // The document is our own and is judged against the OpenAPI schema by the tests of node.
  const document = describeApi(createEngine(applications).manifest(), words) as unknown as Document;
  const sections = document.tags.map(({ name }) => {
    const table = markdownTable(['route', 'what it does', 'query'], rowsOf(document, name));
    return `## ${name}\n\n${table}\n`;
  });
  return [pageHead('HTTP API', INTRO), ...sections].join('\n');
}
