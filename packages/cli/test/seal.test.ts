/** What officers seal: the private file, and the commitment that the contract recomputes. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { oversight, procurement, sealAccess, sealBid } from '@daybook/applications';
import { buildManifest, validateInput } from '@daybook/contracts';
import { assert, fromHex, sha256, toHex } from '@daybook/core';
import { expect } from 'chai';
import { run } from './fixtures/run.ts';

interface Answer {
  readonly commitment: string;
  readonly file: string;
  readonly now: string;
  readonly later: string;
}

const manifest = buildManifest([procurement.definition, oversight.definition]);

describe('cli: seals', () => {
  let folder: string;
  let out: string;
  const bidWords = (): readonly string[] => [
    ...['seal', 'bid', '--ocid', 'ocds-x-1', '--bid', 'b-1', '--tenderer', 'pump-works'],
    ...['--value', '1,234.56 GBP', '--out', out],
  ];
  const PERSON = '5f'.repeat(32);
  const accessWords = (): readonly string[] => [
    ...['seal', 'access', '--organisation', 'court', '--deferral', 'd-1', '--about', PERSON],
    ...['--record', 'register.person/7', '--kind', 'read', '--legal-basis', 'Act 7'],
    ...['--case-number', '12/26', '--purpose', 'Inquiry', '--out', out],
  ];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-seal-'));
    out = path.join(folder, 'sealed.json');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** The kept file as the action takes it that opens the seal. */
  async function opening(contract: string, name: string) {
    const action = manifest.contracts.find((one) => one.name === contract)?.actions[name];
    assert(action !== undefined, 'the action is there');
    const input = validateInput(action, JSON.parse(await readFile(out, 'utf8')));
    assert(input.ok, input.ok ? '' : JSON.stringify(input.reason));
    return input.value;
  }

  it('given an offer, then the file opens the commitment, and its owner alone reads it', async () => {
    const documents = path.join(folder, 'offer.pdf');
    await writeFile(documents, 'Two pumps.');

    const sealed = await run([...bidWords(), '--documents', documents, '--json']);

    expect(sealed.code, sealed.errors).to.equal(0);
    const { commitment, now, later } = sealed.json<Answer & Record<string, unknown>>();
    expect((await stat(out)).mode & 0o777).to.equal(0o600);
    const { salt, value, documents: hash } = await opening('procurement', 'revealBid');
    expect(value).to.deep.equal({ minor: 123_456n, currency: 'GBP' });
    expect(hash).to.deep.equal(sha256(new TextEncoder().encode('Two pumps.')));
    const key = { ocid: 'ocds-x-1', bid: 'b-1', tenderer: 'pump-works' };
    const offer = { value: { minor: 123_456n, currency: 'GBP' }, documents: hash as Uint8Array };
    expect(commitment).to.equal(toHex(sealBid(key, salt as Uint8Array, offer)));
    expect(now).to.match(/^daybook procurement submit-bid .*--commitment [0-9a-f]{64}$/);
    expect(later).to.equal(`daybook procurement reveal-bid --input ${out}`);
  });

  it('given the same offer twice, then salts and commitments differ', async () => {
    const first = await run([...bidWords(), '--json']);
    out = path.join(folder, "Ann's offer.json");
    const second = await run([...bidWords(), '--json']);

    const quoted = `'${path.join(folder, "Ann'\\''s offer.json")}'`;
    expect(second.json<Answer>().later).to.equal(
      `daybook procurement reveal-bid --input ${quoted}`,
    );
    expect(first.json<Answer>().commitment).not.to.equal(second.json<Answer>().commitment);
  });

  it('given an access, then the file opens its commitment', async () => {
    const sealed = await run([...accessWords(), '--json']);

    expect(sealed.code, sealed.errors).to.equal(0);
    const { salt } = await opening('oversight', 'discloseAccess');
    const told = {
      about: fromHex(PERSON) ?? new Uint8Array(),
      record: 'register.person/7',
      kind: 'read',
      legalBasis: 'Act 7',
      caseNumber: '12/26',
      purpose: 'Inquiry',
    } as const;
    const key = { organisation: 'court', deferral: 'd-1' };
    const { commitment, now, later } = sealed.json<Answer>();
    expect(commitment).to.equal(toHex(sealAccess(key, salt as Uint8Array, told)));
    expect(now).to.contain(`daybook oversight defer-access --organisation court`);
    expect(later).to.equal(`daybook oversight disclose-access --input ${out}`);
  });

  it('given a file that is there, then nothing is sealed, and it stays as it was', async () => {
    await writeFile(out, 'earlier');

    const sealed = await run(bidWords());

    expect(sealed.exit).to.equal('file');
    expect(sealed.out).to.equal('');
    expect(sealed.errors).to.contain('CLI_FILE_FAILED');
    expect(await readFile(out, 'utf8')).to.equal('earlier');
  });

  it('given faults, then each option is named and no file is left', async () => {
    const words = bidWords().map((word) => {
      if (word === '1,234.56 GBP') return '12.345 GBP';
      return word === 'pump-works' ? 'Pump Works' : word;
    });

    const price = await run(words);
    const tenderer = await run(words.map((word) => (word === '12.345 GBP' ? '12 GBP' : word)));

    expect(price.exit).to.equal('usage');
    expect(price.errors).to.contain('--value');
    expect(tenderer.errors).to.contain('--tenderer');
    const missing = await stat(out).catch(() => undefined);
    expect(missing).to.equal(undefined);
  });
});
