/** One verdict on a folder of evidence: whatever is taken out, changed or put in is found. */
import { cite } from '@daybook/applications';
import type { Trust } from '@daybook/client';
import type { RecordKey } from '@daybook/core';
import { assert, encodeUtf8, sha256, toHex, valueHashOf } from '@daybook/core';
import { expect } from 'chai';
import type { Evidence, EvidenceFile } from '../../src/audit/evidence-index.ts';
import { readEvidenceIndex } from '../../src/audit/evidence-index.ts';
import type { EvidenceReason } from '../../src/audit/evidence-words.ts';
import { describeEvidence, explainEvidence } from '../../src/audit/evidence-words.ts';
import { verifyEvidence } from '../../src/audit/verify-evidence.ts';
import { NOW_MS, newChain } from '../fixtures/audited-chain.ts';

const { chain, call, give, keyOf } = newChain('audited');
const giftKey = (publisher: string): RecordKey =>
  keyOf('boxes', 'gift', { box: 'north', publisher });
const roads = keyOf('audit', 'engagement', { engagement: 'roads' });
const findingsOf = (name: string) => {
  const { set, partition } = keyOf('audit', 'finding', { engagement: name, finding: 'f' });
  assert(partition !== undefined, 'findings have partitions');
  return { set, partition };
};
const gift = (name: string): string => cite('boxes.gift', 'north', name);
const hashOf = (name: string) => {
  const { value } = chain.claim(giftKey(name), 1);
  assert(value !== undefined, 'the gift is there');
  return valueHashOf(value);
};

chain.append(['ann', 'bob', 'cid'].map(give));
const find = (
  name: string,
  id: string,
  cited: readonly { readonly [name: string]: string | number | Uint8Array }[],
): Uint8Array => call('audit', 'find', { engagement: name, finding: id, evidence: cited });
const ann = { record: gift('ann'), height: 1, valueHash: hashOf('ann') };
chain.append([find('roads', 'f-1', [ann]), find('other', 'f-1', [ann])]);
chain.append([find('roads', 'f-2', [{ record: gift('bob'), height: 1 }])]);

type Files = ReadonlyMap<string, Uint8Array>;

const entry = (file: string, record: string, bytes: Uint8Array): EvidenceFile => ({
  file,
  record,
  sha256: toHex(sha256(bytes)),
  outcome: 'valid',
});
const recordEntry = (file: string, name: string, bytes: Uint8Array): EvidenceFile => ({
  ...entry(file, gift(name), bytes),
  height: 1,
  valueHash: toHex(hashOf(name)),
});

/** What `daybook evidence` writes of the state of a height. */
function evidenceAt(height: number): Files {
  const list = chain.listBundle(findingsOf('roads'), height);
  const itself = chain.bundle(roads, height);
  const [one, two] = [chain.bundle(giftKey('ann'), height), chain.bundle(giftKey('bob'), height)];
  const index = {
    engagement: 'roads',
    files: [
      entry('findings-1.proof', 'audit.finding', list),
      entry('engagement.proof', 'audit.engagement/roads', itself),
      recordEntry('record-1.proof', 'ann', one),
      recordEntry('record-2.proof', 'bob', two),
    ],
    remarks: [],
  };
  return new Map([
    ['index.json', indexBytes(index)],
    ['findings-1.proof', list],
    ['engagement.proof', itself],
    ['record-1.proof', one],
    ['record-2.proof', two],
  ]);
}

const indexBytes = (index: Evidence): Uint8Array => encodeUtf8(JSON.stringify(index));

const unreported = evidenceAt(3);
const index = readEvidenceIndex(bytesOf(unreported, 'index.json'));
assert(index !== undefined, 'the index of the fixture reads');
const report = sha256(bytesOf(unreported, 'index.json'));
chain.append([call('audit', 'report', { engagement: 'roads', report })]);
const whole: Files = new Map([...unreported, ['report.proof', chain.bundle(roads, 4)]]);
const trust: Trust = { chain: chain.genesis.chain, nowMs: NOW_MS };

function bytesOf(files: Files, name: string): Uint8Array {
  const bytes = files.get(name);
  assert(bytes !== undefined, 'the file of the fixture is there');
  return bytes;
}

function verify(files: Files, given: Trust = trust, others: readonly string[] = []) {
  const read = async (name: string) => files.get(name);
  return verifyEvidence({ names: [...files.keys()], others, read }, given);
}

const told = (reasons: readonly EvidenceReason[]): readonly string[] =>
  reasons.map((one) => {
    if (one.code === 'CLI_EVIDENCE_ALTERED') return `${one.subject} ${one.fact}`;
    return 'state' in one ? `${one.record} ${one.state}` : one.code;
  });

const without = (name: string): Files => new Map([...whole].filter(([one]) => one !== name));
const having = (name: string, bytes: Uint8Array): Files => new Map([...whole, [name, bytes]]);
/** The folder under an index that somebody wrote anew: it is no longer the one reported. */
const indexed = (bend: (index: Evidence) => Partial<Evidence>, files: Files = whole): Files =>
  new Map([...files, ['index.json', indexBytes({ ...index, ...bend(index) })]]);
const REPORT = 'index.json report';

describe('audit: verdict on a folder of evidence', () => {
  it('given the folder that was reported, then it is valid, in both languages', async () => {
    const verdict = await verify(whole);

    expect(told(verdict.reasons)).to.deep.equal([]);
    expect(verdict.outcome).to.equal('valid');
    assert(verdict.facts !== undefined, 'a valid folder has facts');
    expect(verdict.facts).to.include({ findings: 2, citations: 2, index: toHex(report) });
    expect(explainEvidence(verdict, 'en')[0]).to.contain('is whole');
    expect(explainEvidence(verdict, 'zh')[0]).to.contain('真实完整');
    const lines = describeEvidence(verdict.facts, 'en').map(
      ({ title, text }) => `${title} ${text}`,
    );
    expect(lines).to.include('Findings 2');
  });

  it('given no report, or nothing trusted, then nobody can tell, and why is said', async () => {
    const early = await verify(unreported);
    const untrusted = await verify(whole, { nowMs: NOW_MS });

    expect([early.outcome, untrusted.outcome]).to.deep.equal(['unknown', 'unknown']);
    expect(told(early.reasons)).to.deep.equal(['CLI_EVIDENCE_UNREPORTED']);
    expect(told(untrusted.reasons)).to.deep.equal(['CLIENT_TRUST_MISSING']);
    expect(explainEvidence(early, 'zh').join()).to.contain('没有文件证明已出具报告');
    expect(explainEvidence(early, 'en').join()).to.contain('--add-report');
  });

  const swapped = new Map([
    ...whole,
    ['record-1.proof', bytesOf(whole, 'record-2.proof')],
    ['record-2.proof', bytesOf(whole, 'record-1.proof')],
  ]);
  const old = evidenceAt(2);
  const oldIndex = readEvidenceIndex(bytesOf(old, 'index.json'));
  const otherList = chain.listBundle(findingsOf('other'), 3);
  const cases: readonly (readonly [string, Files, readonly string[]])[] = [
    [
      'a file removed',
      without('record-1.proof'),
      ['record-1.proof missing', `${gift('ann')} @1 uncovered`],
    ],
    [
      'a file changed',
      having('record-1.proof', new Uint8Array(9)),
      ['record-1.proof changed', `${gift('ann')} @1 uncovered`],
    ],
    ['a file added', having('record-3.proof', new Uint8Array(9)), ['record-3.proof surplus']],
    [
      'two files swapped',
      swapped,
      [
        'record-1.proof changed',
        'record-2.proof changed',
        `${gift('ann')} @1 uncovered`,
        `${gift('bob')} @1 uncovered`,
      ],
    ],
    ['no index', without('index.json'), ['index.json missing']],
    ['an index that is none', having('index.json', new Uint8Array(3)), ['index.json malformed']],
    [
      'an index altered in a space',
      having('index.json', encodeUtf8(`${JSON.stringify(index)} `)),
      [REPORT],
    ],
    [
      'an index that swaps what two files prove',
      indexed(({ files }) => ({
        files: files.map((one) => {
          if (one.record === gift('ann')) return { ...one, record: gift('bob') };
          return one.record === gift('bob') ? { ...one, record: gift('ann') } : one;
        }),
      })),
      [
        'record-1.proof other',
        'record-2.proof other',
        `${gift('ann')} @1 uncovered`,
        `${gift('bob')} @1 uncovered`,
        REPORT,
      ],
    ],
    [
      'an index with another hash of a version',
      indexed(({ files }) => ({
        files: files.map((one) =>
          one.record === gift('bob')
            ? { ...one, valueHash: toHex(sha256(new Uint8Array(1))) }
            : one,
        ),
      })),
      ['record-2.proof other', `${gift('bob')} @1 uncovered`, REPORT],
    ],
    [
      'a cited record left out of folder and index',
      indexed(({ files }) => ({ files: files.slice(0, -1) }), without('record-2.proof')),
      [`${gift('bob')} @1 uncovered`, REPORT],
    ],
    [
      'an index that names a file twice',
      indexed(({ files }) => ({
        files: [...files, ...files.slice(-1)],
      })),
      ['index.json doubled', REPORT],
    ],
    [
      'a record that nobody cites',
      indexed(
        ({ files }) => {
          const bytes = chain.bundle(giftKey('cid'), 3);
          return { files: [...files, recordEntry('record-3.proof', 'cid', bytes)] };
        },
        having('record-3.proof', chain.bundle(giftKey('cid'), 3)),
      ),
      ['record-3.proof uncited', REPORT],
    ],
    [
      'a remark on what nobody cites',
      indexed(() => ({
        remarks: [{ record: gift('cid'), height: 1, state: 'kept' }],
      })),
      [`${gift('cid')} uncited`, REPORT],
    ],
    [
      'a finding left out by a list of an earlier block',
      new Map(
        [
          ...old,
          ['index.json', indexBytes({ ...index, files: (oldIndex ?? index).files.slice(0, 3) })],
          ['engagement.proof', bytesOf(old, 'engagement.proof')],
          ['report.proof', bytesOf(whole, 'report.proof')],
        ].filter(([name]) => name !== 'record-2.proof') as [string, Uint8Array][],
      ),
      [REPORT],
    ],
    [
      'a list of an earlier block than the engagement',
      indexed(
        ({ files }) => ({
          files: files.map((one) =>
            one.file === 'findings-1.proof'
              ? entry(one.file, one.record, bytesOf(old, one.file))
              : one,
          ),
        }),
        having('findings-1.proof', bytesOf(old, 'findings-1.proof')),
      ),
      ['engagement.proof moment', 'record-2.proof uncited', REPORT],
    ],
    [
      'the findings of another engagement',
      indexed(
        ({ files }) => ({
          files: files.map((one) =>
            one.file === 'findings-1.proof' ? entry(one.file, one.record, otherList) : one,
          ),
        }),
        having('findings-1.proof', otherList),
      ),
      ['audit.finding other'],
    ],
    [
      'no list of findings',
      indexed(({ files }) => ({ files: files.slice(1) }), without('findings-1.proof')),
      ['audit.finding unproven'],
    ],
    [
      'no engagement',
      indexed(
        ({ files }) => ({ files: files.filter(({ file }) => file !== 'engagement.proof') }),
        without('engagement.proof'),
      ),
      ['engagement.proof unlisted', REPORT],
    ],
    [
      'a report that is another record',
      having('report.proof', chain.bundle(giftKey('ann'), 4)),
      ['report.proof other', 'CLI_EVIDENCE_UNREPORTED'],
    ],
    [
      'a name that leads out',
      indexed(({ files }) => ({
        files: files.map((one) => ({ ...one, file: `../${one.file}` })),
      })),
      ['index.json malformed'],
    ],
  ];
  for (const [title, files, expected] of cases) {
    it(`given ${title}, then it is invalid, and what is wrong is named`, async () => {
      const { outcome, reasons } = await verify(files);

      expect(told(reasons)).to.deep.equal(expected);
      expect(outcome).to.equal('invalid');
    });
  }

  it('given what a cited record became since, then nothing but the report is in doubt', async () => {
    const bytes = bytesOf(whole, 'record-1.proof');
    const bent = indexBytes({
      ...index,
      files: [...index.files, entry('record-1-now.proof', gift('ann'), bytes)],
      remarks: [{ ...ann, valueHash: toHex(ann.valueHash), state: 'changed' }],
    });
    const { outcome, reasons } = await verify(
      new Map([...unreported, ['index.json', bent], ['record-1-now.proof', bytes]]),
    );

    expect([outcome, ...told(reasons)]).to.deep.equal(['unknown', 'CLI_EVIDENCE_UNREPORTED']);
  });

  it('given a link in it, then it is invalid', async () => {
    const { outcome, reasons } = await verify(whole, trust, ['record-9.proof']);

    expect([outcome, ...told(reasons)]).to.deep.equal(['invalid', 'record-9.proof foreign']);
  });

  it('given a cited record that the index owns up to be lost, then nobody can tell', async () => {
    const bytes = indexBytes({
      ...index,
      files: index.files.slice(0, -1),
      remarks: [{ record: gift('bob'), height: 1, state: 'lost' }],
    });
    const files = new Map([...unreported, ['index.json', bytes]]);
    files.delete('record-2.proof');

    const { outcome, reasons } = await verify(files);

    expect(outcome).to.equal('unknown');
    expect(told(reasons)).to.deep.equal([`${gift('bob')} lost`, 'CLI_EVIDENCE_UNREPORTED']);
  });

  it('given findings after the folder and before the report, then one is left out', async () => {
    const later = newChain('later');
    const roadsOf = later.keyOf('audit', 'engagement', { engagement: 'roads' });
    later.chain.append([
      later.call('audit', 'find', { engagement: 'roads', finding: 'a', evidence: [] }),
    ]);
    const list = later.chain.listBundle(findingsOf('roads'), 1);
    const itself = later.chain.bundle(roadsOf, 1);
    const bytes = indexBytes({
      engagement: 'roads',
      files: [
        entry('findings-1.proof', 'audit.finding', list),
        entry('engagement.proof', 'audit.engagement/roads', itself),
      ],
      remarks: [],
    });
    const named = { engagement: 'roads', report: sha256(bytes) };
    later.chain.append([
      later.call('audit', 'find', { engagement: 'roads', finding: 'b', evidence: [] }),
      later.call('audit', 'report', named),
    ]);
    const files = new Map([
      ['index.json', bytes],
      ['findings-1.proof', list],
      ['engagement.proof', itself],
      ['report.proof', later.chain.bundle(roadsOf, 2)],
    ]);

    const { outcome, reasons } = await verify(files, {
      chain: later.chain.genesis.chain,
      nowMs: NOW_MS,
    });

    expect([outcome, ...told(reasons)]).to.deep.equal(['invalid', 'audit.finding leftOut']);
  });
});
