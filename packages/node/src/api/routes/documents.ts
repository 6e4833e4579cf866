/** What describes the API itself, for machines and for people, and the metrics. */
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import { HTML_TYPE, JSON_TYPE, TEXT_TYPE } from '../media-type.ts';
import type { Reply } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';

export interface DocumentParts {
  /** Rendered once per manifest. */
  readonly openApi: () => string;
  readonly docsPage: () => string;
  readonly errorsPage: () => string;
  readonly style: string;
  readonly renderMetrics: () => Promise<{ readonly text: string; readonly mediaType: string }>;
}

const TAG = 'Documents';
const TAG_CHARACTERS = 16;

function document(text: string, mediaType: string): Reply {
  const tag = toHex(sha256(encodeUtf8(text))).slice(0, TAG_CHARACTERS);
  const freshness = { kind: 'tagged', tag } as const;
  return { kind: 'bytes', status: 200, mediaType, bytes: text, freshness };
}

interface DocumentSpec {
  readonly id: string;
  readonly path: string;
  readonly title: string;
  readonly mediaType: string;
  readonly text: () => string;
}

function documentRoute({ id, path, title, mediaType, text }: DocumentSpec): Route {
  const schema = mediaType === JSON_TYPE ? { type: 'object' } : { type: 'string' };
  return defineRoute({
    id,
    method: 'GET',
    path,
    tag: TAG,
    title,
    parameters: {},
    responses: { 200: { help: 'The document.', content: { [mediaType]: schema } } },
    problems: [],
    handle: () => document(text(), `${mediaType}; charset=utf-8`),
  });
}

export function documentRoutes(parts: DocumentParts): readonly Route[] {
  const { openApi, docsPage, errorsPage } = parts;
  return [
    documentRoute({
      id: 'getOpenApi',
      path: '/openapi.json',
      title: 'This API as an OpenAPI 3.1 document',
      mediaType: JSON_TYPE,
      text: openApi,
    }),
    documentRoute({
      id: 'getDocs',
      path: '/docs',
      title: 'This API for people',
      mediaType: HTML_TYPE,
      text: docsPage,
    }),
    documentRoute({
      id: 'getErrorDocs',
      path: '/docs/errors',
      title: 'All error codes with what to do',
      mediaType: HTML_TYPE,
      text: errorsPage,
    }),
    documentRoute({
      id: 'getDocsStyle',
      path: '/docs/style.css',
      title: 'Style of the pages',
      mediaType: 'text/css',
      text: () => parts.style,
    }),
    defineRoute({
      id: 'getMetrics',
      method: 'GET',
      path: '/metrics',
      tag: TAG,
      title: 'Figures for Prometheus',
      parameters: {},
      unmetered: true,
      responses: { 200: { help: 'Metrics.', content: { [TEXT_TYPE]: { type: 'string' } } } },
      problems: [],
      handle: async () => {
        const { text, mediaType } = await parts.renderMetrics();
        const freshness = { kind: 'never' } as const;
        return { kind: 'bytes', status: 200, mediaType, bytes: text, freshness };
      },
    }),
  ];
}
