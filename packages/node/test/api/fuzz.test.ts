import { expect } from 'chai';
import fc from 'fast-check';
import { decodeCursor, encodeCursor, placeOf } from '../../src/api/cursor.ts';
import { chooseMediaType } from '../../src/api/media-type.ts';
import { clientOf, createShares } from '../../src/api/shares.ts';
import type { RunningApi } from './support/running-api.ts';
import { startTestApi } from './support/running-api.ts';
import { signedNote, writeNotes } from './support/signing.ts';

/** What has broken parsers before. */
const NASTY: readonly string[] = [
  '',
  ' ',
  '0',
  '-0',
  '-1',
  '1e3',
  '0x10',
  '01',
  '9007199254740993',
  '99999999999999999999',
  'NaN',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '%00',
  '\u0000',
  '\u202e',
  '🙂',
  '\ud800',
  'a'.repeat(1500),
  "' OR 1=1 --",
  '<script>',
  '{"a":1}',
  '0'.repeat(64),
  'f'.repeat(63),
  'head',
];

interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

describe('api: every read route against nasty values', () => {
  let api: RunningApi;
  let targets: readonly string[];

  before(async () => {
    api = await startTestApi();
    await writeNotes(api, [signedNote(api, 1)]);
    const { json } = await api.request('/openapi.json');
    const paths = Object.entries<{ readonly get?: Described }>(json.paths);
    targets = paths.flatMap(([path, { get }]) =>
      get === undefined || path === '/v1/events' ? [] : targetsOf(path, get),
    );
  });

  after(async () => {
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  it('given each of them in each place, then no answer is 500 and each is as documented', async () => {
    const statuses = new Set<number>();
    for (const target of targets) {
      const { status, text } = await api.request(target);
      expect(status, `${target}: ${text}`).not.to.equal(500);
      statuses.add(status);
    }

    expect(targets.length).to.be.above(500);
    expect([...statuses]).to.include.members([200, 400, 404]);
  });
});

/** The path with one parameter at a time replaced by each nasty value. */
function targetsOf(path: string, { parameters = [] }: Described): readonly string[] {
  const fill = (text: string, except: string): string =>
    text.replace(/\{([^}]+)\}/g, (whole, name) => (name === except ? whole : goodValue(name)));
  return parameters.flatMap(({ name, in: place }) =>
    NASTY.map((value) => {
      const encoded = encodeURIComponent(value.toWellFormed());
      if (place === 'query') return `${fill(path, '')}?${name}=${encoded}`;
      return fill(path, name).replace(`{${name}}`, encoded);
    }),
  );
}

function goodValue(name: string): string {
  const values: Readonly<Record<string, string>> = { book: 'red', number: '1', block: 'head' };
  return values[name] ?? '00'.repeat(32);
}

describe('api: small parts for all inputs', () => {
  it('given any place, then its cursor leads back to it; given any text, then nothing throws', () => {
    const place = fc.oneof(
      fc.nat(),
      fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 200 })),
    );
    fc.assert(
      fc.property(place, (value) => {
        const cursor = decodeCursor(encodeCursor(value));
        expect(cursor && placeOf(cursor)).to.deep.equal(value);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const cursor = decodeCursor(text);
        if (cursor !== undefined) placeOf(cursor);
      }),
    );
  });

  it('given any Accept header, then the choice is on offer or nothing', () => {
    const offered = ['application/json', 'application/cbor'];
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (header) => {
        const chosen = chooseMediaType(header, offered);
        expect(chosen === undefined || offered.includes(chosen)).to.equal(true);
      }),
    );
  });

  it('given any requests, then a client never gets more than rate and burst allow', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 20 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (requests) => {
        let nowMs = 0;
        const rates = { requestsPerSecond: 10, transactionsPerSecond: 10 };
        const shares = createShares(rates, () => nowMs);
        let granted = 0;
        for (const [pauseMs, amount] of requests) {
          nowMs += pauseMs;
          if (shares.take('a', 'transactions', amount) === 0) granted += amount;
        }
        expect(granted).to.be.at.most(40 + (nowMs * 10) / 1000 + 1e-6);
      }),
    );
  });

  it('given proxies, then the nearest address that is none of them is the client', () => {
    const trusted = new Set(['127.0.0.1', '10.0.0.1']);

    expect(clientOf('::ffff:127.0.0.1', '6.6.6.6, 1.2.3.4', trusted)).to.equal('1.2.3.4');
    expect(clientOf('127.0.0.1', '1.2.3.4, 10.0.0.1', trusted)).to.equal('1.2.3.4');
    expect(clientOf('9.9.9.9', '1.2.3.4', trusted)).to.equal('9.9.9.9');
    expect(clientOf('127.0.0.1', 'nonsense', trusted)).to.equal('127.0.0.1');
    expect(clientOf('127.0.0.1', undefined, trusted)).to.equal('127.0.0.1');
  });

  it('given IPv6, then one subscriber is one client', () => {
    const none = new Set<string>();

    expect(clientOf('2001:db8:1:2:3::4', undefined, none)).to.equal('2001:db8:1:2');
    expect(clientOf('2001:db8:1:2::1', undefined, none)).to.equal('2001:db8:1:2');
    expect(clientOf('2001:db8::1', undefined, none)).to.equal('2001:db8:0:0');
    expect(clientOf('::1', undefined, none)).to.equal('0:0:0:0');
  });
});
