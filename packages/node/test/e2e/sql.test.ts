import { expect } from 'chai';
import type { SingleNode } from './support/single-node.ts';
import { startSingleNode } from './support/single-node.ts';

/** What receipts, answers and problems say, as far as the tests look; each says a part of it. */
interface Body {
  readonly height: number;
  readonly head?: { readonly height: number; readonly blockHash: string };
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly string[])[];
  readonly truncated: boolean;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly object[];
}

interface Answer {
  readonly status: number;
  readonly json: Body;
}

const note = (number: number, minor: bigint) => ({
  book: 'red',
  number,
  text: `note ${number}`,
  cost: { minor, currency: 'GBP' },
  due: '2030-01-01',
});

describe('SQL tables of a real node', () => {
  let single: SingleNode;
  before(async () => {
    single = await startSingleNode({
      settings: 'readmodel: {state: on, memoryBytesMax: 128 MiB}\n',
    });
  });
  after(async () => {
    await single.stop();
  });

  async function post(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    type: string,
  ): Promise<Answer> {
    const response = await fetch(single.node.apiUrl + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    return { status: response.status, json: (await response.json()) as Body };
  }

  const ask = (sql: string): Promise<Answer> =>
    post('/v1/sql', JSON.stringify({ sql }), 'application/json');

  async function write(number: number, minor: bigint): Promise<number> {
    const wire = Uint8Array.from(single.call('notebook', 'write', note(number, minor)));
    const receipt = await post('/v1/transactions?wait=committed', wire, 'application/cbor');
    expect(receipt.status, JSON.stringify(receipt.json)).to.equal(200);
    return receipt.json.height;
  }

  /** Asks until the tables show a block: what they show is always final, but may lag. */
  async function askAt(height: number, sql: string): Promise<Answer> {
    while (true) {
      const answer = await ask(sql);
      if (answer.status !== 503 && (answer.json.head?.height ?? height) >= height) return answer;
    }
  }

  it('show what was committed, with the block that wrote it, whose record can be proven', async () => {
    await write(1, 9_007_199_254_740_993n);
    const height = await write(2, 5n);
    const sql =
      'SELECT book, number, cost_minor, cost_currency, due, _height, _writer ' +
      'FROM notebook_note ORDER BY number DESC';
    const { status, json } = await askAt(height, sql);
    expect(status, JSON.stringify(json)).to.equal(200);
    expect(json.rows[0]).to.deep.equal([
      'red',
      '2',
      '5',
      'GBP',
      '2030-01-01',
      String(height),
      'ministry/jane',
    ]);
    expect(json.rows[1]?.[2]).to.equal('9007199254740993');
    expect(json.truncated).to.equal(false);
    const block = await fetch(`${single.node.apiUrl}/v1/blocks/${json.head?.height}`);
    expect(await block.json()).to.include({ blockHash: json.head?.blockHash });
    const proof = await fetch(
      `${single.node.apiUrl}/v1/contracts/notebook/note/red/2?proof=bundle&height=${height}`,
    );
    expect(proof.status).to.equal(200);
  });

  it('are listed by filter and order, a page after the other', async () => {
    await write(13, 7n);
    await askAt(await write(14, 7n), 'SELECT 1');
    const page = async (query: string): Promise<Body & { readonly next?: string }> => {
      const response = await fetch(`${single.node.apiUrl}/v1/tables/notebook_note?${query}`);
      return (await response.json()) as Body & { readonly next?: string };
    };
    const query = 'where=cost_minor%3D7&sort=-number&limit=1';

    const first = await page(query);
    const second = await page(`${query}&cursor=${first.next}`);

    const column = first.columns.findIndex(({ name }) => name === 'number');
    const numbers = [first, second].map(({ rows }) => rows.map((row) => row[column]));
    expect(numbers).to.deep.equal([['14'], ['13']]);
    expect(second.next).to.equal(undefined);
    expect((await page('where=size%3D7')).errors[0]).to.include({ parameter: 'where' });
  });

  it('have the genesis records of every contract, built from the state', async () => {
    const { json } = await askAt(0, 'SELECT slug FROM directory_organisation');
    expect(json.rows).to.deep.equal([['ministry']]);
  });

  it('say what is wrong with a query', async () => {
    const refused = await ask("SELECT * FROM read_text('/etc/passwd')");
    expect(refused.status).to.equal(422);
    expect(refused.json).to.include({ code: 'READMODEL_SQL_REFUSED' });
    const wrong = await ask('SELECT nothing FROM notebook_note');
    expect(wrong.json.code).to.equal('READMODEL_SQL_FAILED');
    expect(wrong.json.detail).to.include('nothing');
    const table = await fetch(`${single.node.apiUrl}/v1/tables/notebook_nothing?limit=1`);
    expect(table.status).to.equal(404);
    expect(await table.json()).to.include({ code: 'NODE_TABLE_UNKNOWN' });
    const shape = await post('/v1/sql', '{"query": "SELECT 1"}', 'application/json');
    expect(shape.json.errors[0]).to.include({ pointer: '/sql' });
  });

  it('tell by metrics how far they are', async () => {
    const height = await write(3, 1n);
    await askAt(height, 'SELECT 1');
    const text = await (await fetch(`${single.node.apiUrl}/metrics`)).text();
    expect(text).to.match(/^daybook_readmodel_height [1-9]/m);
    expect(text).to.match(/^daybook_readmodel_lag_blocks \d+$/m);
    expect(text).to.match(/^daybook_readmodel_rebuilds_total 1$/m);
  });
});

describe('a node without SQL tables', () => {
  it('says so, and starts no process for them', async () => {
    const single = await startSingleNode();
    const response = await fetch(`${single.node.apiUrl}/v1/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"sql": "SELECT 1"}',
    });
    expect(response.status).to.equal(404);
    expect(await response.json()).to.include({ code: 'NODE_SQL_OFF' });
    await single.stop();
  });
});
