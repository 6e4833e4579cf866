import { createRequire } from 'node:module';
import { expect } from 'chai';
import { buildCatalogue } from '../../src/api/problem.ts';
import { COMMON_PROBLEMS } from '../../src/api/route.ts';
import { ERROR_TABLES } from '../../src/error-tables.ts';
import type { RunningApi } from './support/running-api.ts';
import { HEALTHY, startTestApi } from './support/running-api.ts';

const require = createRequire(import.meta.url);
const { Validator } =
  require('@seriousme/openapi-schema-validator') as typeof import('@seriousme/openapi-schema-validator');

describe('api: documents', () => {
  let api: RunningApi;

  before(async () => {
    api = await startTestApi();
  });

  after(async () => {
    await api.stop();
  });

  it('given the OpenAPI document, then it obeys the meta-schema of OpenAPI 3.1', async () => {
    const { json } = await api.request('/openapi.json');

    const result = await new Validator().validate(json);

    expect(result.valid, JSON.stringify(result.errors)).to.equal(true);
    expect(json.openapi).to.equal('3.1.0');
  });

  it('given a contract, then each action, record and query is a path of its own', async () => {
    const { json } = await api.request('/openapi.json');

    expect(Object.keys(json.paths)).to.include.members([
      '/v1/contracts/notebook/write',
      '/v1/contracts/notebook/close',
      '/v1/contracts/notebook/note',
      '/v1/contracts/notebook/note/{book}/{number}',
      '/v1/contracts/notebook/note/{book}/{number}/history',
      '/v1/contracts/notebook/queries/late',
      '/v1/contracts/notebook/counter',
      '/v1/contracts/ledger/parameter',
    ]);
    const { schema } =
      json.paths['/v1/contracts/notebook/write'].post.requestBody.content['application/json'];
    expect(schema.properties.args.required).to.include('cost');
  });

  it('given every path of the document, then its parameters are those of the path', async () => {
    const { json } = await api.request('/openapi.json');

    for (const [path, item] of Object.entries<Record<string, Operation>>(json.paths)) {
      for (const operation of Object.values(item)) {
        const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
        const declared = (operation.parameters ?? []).filter((p) => p.in === 'path');
        expect(
          declared.map(({ name }) => name),
          path,
        ).to.have.members(inPath);
      }
    }
  });

  it('given every code a route names, then the catalogue has it with a status', async () => {
    const { json } = await api.request('/openapi.json');
    const catalogue = buildCatalogue(ERROR_TABLES);

    for (const code of COMMON_PROBLEMS) expect(catalogue.get(code)?.status, code).to.be.a('number');
    for (const { description, status } of problemResponses(json)) {
      for (const code of description.replace(/\.$/, '').split(', ')) {
        expect(catalogue.get(code)?.status, code).to.equal(status);
      }
    }
  });

  it('given the pages, then they escape what contracts say and allow no script', async () => {
    const docs = await api.request('/docs');
    const errors = await api.request('/docs/errors');
    const style = await api.request('/docs/style.css');

    for (const page of [docs, errors]) {
      expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8');
      expect(page.headers.get('content-security-policy')).to.contain("default-src 'none'");
      expect(page.text).not.to.match(/<script|https?:\/\//);
    }
    expect(docs.text).to.contain('&lt;script&gt;');
    expect(errors.text).to.contain('id="NODE_BODY_TOO_LARGE"');
    expect(errors.text).to.contain('id="NOTEBOOK_NOTE_CLOSED"');
    expect(style.headers.get('content-type')).to.contain('text/css');
  });

  it('given the tag of a document, when asked again, then 304', async () => {
    const first = await api.request('/docs');

    const again = await api.request('/docs', {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    });

    expect([again.status, again.text]).to.deep.equal([304, '']);
  });

  it('given requests, then the metrics count them by route and status', async () => {
    await api.request('/v1/status');

    const { text, headers } = await api.request('/metrics');

    expect(headers.get('content-type')).to.match(/^text\/plain/);
    expect(text).to.match(/daybook_node_api_requests_total\{route="getStatus",status="200"\} \d/);
    expect(text).to.match(/daybook_node_api_request_seconds_bucket/);
  });
});

describe('api: status', () => {
  let api: RunningApi;

  beforeEach(async () => {
    api = await startTestApi();
  });

  afterEach(async () => {
    await api.stop();
  });

  it('given a healthy node, then status, why, health and readiness say so', async () => {
    const status = await api.request('/v1/status');
    const why = await api.request('/v1/why');
    const health = await api.request('/healthz');
    const ready = await api.request('/readyz');

    expect(status.json).to.include({ healthy: true, ready: true, role: 'validator' });
    expect(why.json.explanation[0].en).to.contain('All is well');
    expect(why.json.explanation[0].zh).to.contain('一切正常');
    expect([health.status, ready.status]).to.deep.equal([200, 200]);
  });

  it('given a chain that stands still, then health fails with words and why names the silent', async () => {
    api.report = { ...HEALTHY, headAgeMs: 900_000, blockWantedMs: 840_000 };
    api.waiting = {
      height: 5,
      round: 7,
      inHeightMs: 840_000,
      awaited: 'prepares',
      votes: 1,
      roundEndsMs: 2000.6,
      proposer: 'treasury',
      quorum: 3,
      voters: [
        {
          validator: '11'.repeat(32),
          organisation: 'audit-office',
          self: false,
          connected: false,
          round: undefined,
          prepared: false,
          committed: false,
          silentMs: 840_000.4,
        },
      ],
    };

    const health = await api.request('/healthz');
    const why = await api.request('/v1/why');

    expect([health.status, health.json.code]).to.deep.equal([503, 'NODE_UNHEALTHY']);
    expect(health.json.detail).to.contain('No block has become final for 15 min');
    expect(health.json.detail).to.contain('audit-office');
    expect(why.json.consensus).to.deep.include({ silent: ['audit-office'], round: 7 });
    expect(why.json.explanation[0].en).to.contain('PREPARE votes (1 of 3)');
    expect(why.json.explanation[0].zh).to.contain('PREPARE 投票(1 / 3)');
  });

  it('given a node that is catching up, then it is healthy and not ready', async () => {
    api.report = { ...HEALTHY, activity: 'syncing', bestKnownHeight: 100 };

    const health = await api.request('/healthz');
    const ready = await api.request('/readyz');

    expect(health.status).to.equal(200);
    expect([ready.status, ready.json.code]).to.deep.equal([503, 'NODE_NOT_READY']);
  });
});

/** Every problem response of every operation, resolved. */
// biome-ignore lint/suspicious/noExplicitAny: the document is checked by its meta-schema above.
function problemResponses(json: any): readonly { description: string; status: number }[] {
  const items = Object.values<Readonly<Record<string, Operation>>>(json.paths);
  return items.flatMap((item) =>
    Object.values(item).flatMap(({ responses }) =>
      Object.entries(responses).flatMap(([status, { $ref }]) => {
        const name = $ref?.split('/').at(-1);
        if (name === undefined) return [];
        const { description } = json.components.responses[name];
        return [{ description, status: Number(status) }];
      }),
    ),
  );
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}
