/** Tables made of proven lists: their one form, and every way in which one may not hold (ADR 13). */
import type { ManifestRecord } from '@daybook/contracts';
import { recordKeyOf } from '@daybook/contracts';
import { assert, createSigner, keyAfter, treeKeyOf, treePrefixOf } from '@daybook/core';
import { expect } from 'chai';
import type { TableFormat } from '../../src/index.ts';
import { renderTableFile, signAs, verifyListBundle, verifyTableFile } from '../../src/index.ts';
import { boxes } from '../fixtures/boxes.ts';
import { createTestChain, OTHER_HASH, START_MS, seedOf } from '../fixtures/chain.ts';

const NOW_MS = START_MS + 60_000;
const GIVERS = 12;
const chain = createTestChain();
const giver = createSigner(seedOf('giver'));
chain.append(
  Array.from({ length: GIVERS }, (_, index) => {
    const amount = { minor: BigInt(100 + index), currency: 'GBP' };
    const args = { box: 'north', publisher: `giver-${index}`, amount };
    const options = {
      chain: chain.genesis.chain,
      calls: [{ contract: 'boxes', action: 'give', args }],
      validUntilMs: NOW_MS,
    };
    return signAs([{ signer: giver }], options).bytes;
  }),
);
const spec = chain.engine.manifest().contracts.find(({ name }) => name === boxes.name)
  ?.records.gift;
assert(spec !== undefined, 'the fixture has gifts');
const gift = recordKeyOf(spec, { box: 'north', publisher: 'giver-7' });
assert(gift.ok && gift.value.partition !== undefined, 'gifts have partitions');
const north = { set: gift.value.set, partition: gift.value.partition };
const trust = { chain: chain.genesis.chain, nowMs: NOW_MS };
const whole = chain.listBundle(north, 1);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function table(format: TableFormat): string {
  const verdict = verifyListBundle(whole, trust);
  assert(verdict.outcome === 'valid', 'the list of the fixture is proven');
  return renderTableFile(verdict.facts, format);
}

function told(text: string, format: TableFormat, files = [whole], given = trust): string {
  const verdict = verifyTableFile(encode(text), format, { files, trust: given });
  if (verdict.outcome === 'valid') return `valid ${verdict.facts.rows.length}`;
  const { reason, outcome } = verdict;
  return `${outcome} ${reason.code}${reason.code === 'CLIENT_TABLE_DIFFERS' ? ` ${reason.line}` : ''}`;
}

describe('client: tables of proven lists', () => {
  it('given a list, then CSV and JSON Lines hold each record once, in the order of keys, exactly', () => {
    const [head, ...lines] = table('csv').split('\r\n');
    const json = table('jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

    expect(head).to.match(
      /^box,publisher,.*amount\.minor,amount\.currency.*,_height,_writer,_more$/,
    );
    expect(lines).to.have.length(GIVERS + 1);
    expect(lines[0]).to.match(/^north,giver-0,.*100,GBP/);
    expect(lines[1]).to.match(/^north,giver-1,.*101,GBP/);
    expect(lines[2], 'texts, not numbers, decide').to.match(/^north,giver-10,.*110,GBP/);
    expect(json.map(({ publisher }) => publisher)).to.deep.equal(
      Array.from({ length: GIVERS }, (_, index) => `giver-${index}`).sort(),
    );
    expect(json[0]).to.deep.include({ amount: { minor: '100', currency: 'GBP' } });
    expect(json[0]._written).to.include({ height: 1 });
  });

  for (const format of ['csv', 'jsonl'] as const) {
    it(`given ${format} as it was written, then it is valid; given a line altered, added, moved or left out, then that line is named`, () => {
      const good = table(format);
      const end = format === 'csv' ? '\r\n' : '\n';
      const lines = good.split(end);
      const change = (edit: (copy: string[]) => unknown): string => {
        const copy = [...lines];
        edit(copy);
        return told(copy.join(end), format);
      };

      expect(told(good, format)).to.equal(`valid ${GIVERS}`);
      expect(change((copy) => copy.splice(4, 1))).to.equal('invalid CLIENT_TABLE_DIFFERS 5');
      expect(change((copy) => copy.splice(4, 0, copy[4] ?? ''))).to.equal(
        'invalid CLIENT_TABLE_DIFFERS 6',
      );
      expect(change((copy) => copy.reverse())).to.equal('invalid CLIENT_TABLE_DIFFERS 1');
      expect(change((copy) => (copy[3] = (copy[3] ?? '').replace('GBP', 'EUR')))).to.equal(
        'invalid CLIENT_TABLE_DIFFERS 4',
      );
      expect(told(`${good}more`, format)).to.match(/^invalid CLIENT_TABLE_DIFFERS/);
      expect(told(`\ufeff${good}`, format)).to.equal('invalid CLIENT_TABLE_DIFFERS 1');
      expect(told('', format)).to.equal('invalid CLIENT_TABLE_DIFFERS 1');
    });
  }

  it('given half of the proof, both halves, none, or another chain, then only what is whole is valid', () => {
    const middle = treeKeyOf(gift.ok ? gift.value : { set: north.set, key: new Uint8Array() });
    const prefix = treePrefixOf(north);
    const first = chain.listBundle(north, 1, { from: prefix, to: middle });
    const second = chain.listBundle(north, 1, { from: keyAfter(middle), to: prefix });
    const good = table('csv');

    expect(told(good, 'csv', [first, second])).to.equal(`valid ${GIVERS}`);
    expect(told(good, 'csv', [first])).to.equal('invalid CLIENT_LIST_UNPROVEN');
    expect(told(good, 'csv', [])).to.equal('invalid CLIENT_PROOF_MALFORMED');
    const foreign = { ...trust, chain: OTHER_HASH };
    expect(told(good, 'csv', [whole], foreign)).to.equal('invalid CLIENT_CHAIN_FOREIGN');
    const untold = verifyTableFile(encode(good), 'csv', {
      files: [whole],
      trust: { nowMs: NOW_MS },
    });
    expect(untold.outcome).to.equal('unknown');
  });

  it('given texts that are formulas or hold separators, and rows of another version, then nothing runs and nothing is lost', () => {
    const title = { en: 'Text', zh: '文' };
    const text = { type: 'text', title, min: 0, max: 99 } as const;
    const shape = {
      key: { id: text },
      fields: { note: text, tags: { type: 'list', title, item: text, max: 9 } },
    };
    const stamp = { contractVersion: 1, recordVersion: 1, height: 7, txIndex: 0, writer: 'a/b' };
    const rowOf = (id: string, fields: Readonly<Record<string, string | readonly string[]>>) => ({
      key: { id },
      value: Uint8Array.of(1),
      stored: { stamp, fields },
    });
    const rows = [
      rowOf('a', { note: '=1+1' }),
      rowOf('b', { note: '-5' }),
      rowOf('c', { note: 'x,"y"\nz', tags: ['p', 'q'] }),
      rowOf('d', { note: '+tel', old: 'kept' }),
      { key: { id: 'e' }, value: Uint8Array.of(0xab), stored: undefined },
    ];

    const lines = renderTableFile({ spec: shape as unknown as ManifestRecord, rows }, 'csv').split(
      '\r\n',
    );

    expect(lines).to.deep.equal([
      'id,note,tags,_height,_writer,_more',
      "a,'=1+1,,7,a/b,",
      'b,-5,,7,a/b,',
      'c,"x,""y""\nz","[""p"",""q""]",7,a/b,',
      `d,'+tel,,7,a/b,"{""old"":""kept""}"`,
      'e,,,,,"{""value"":""ab""}"',
      '',
    ]);
  });
});
