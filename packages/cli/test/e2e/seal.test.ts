/** What `daybook seal` keeps opens what it sealed, on a running ledger. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { oversight, procurement } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient } from '@daybook/client';
import { createSigner } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { Ran } from '../fixtures/run.ts';
import { run } from '../fixtures/run.ts';

const WORKS = 'works';
const PUMPS = 'pump-works';
const officers = (...roles: readonly string[]) => [
  { name: 'head', roles: ['directory.administrator', 'governance.delegate', ...roles] },
  { name: 'other', roles },
];
const MEMBERS = [
  {
    slug: WORKS,
    title: { en: WORKS, zh: WORKS },
    officers: officers('procurement.buyer', 'oversight.custodian'),
    node: 'validator',
  },
  {
    slug: PUMPS,
    title: { en: PUMPS, zh: PUMPS },
    officers: officers('procurement.tenderer'),
    node: 'none',
  },
] as const;
/** Time to open the tender and hand a bid in; twice as long again where that is not enough. */
const TENDER_MS = 1000;
const HOUR_MS = 3_600_000;

describe('seals by command', () => {
  let cluster: Cluster;
  let client: Client;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-seal-'));
    cluster = await startCluster({ members: MEMBERS, parameters: { blockIntervalMs: 20 } });
    client = createClient({ urls: [cluster.node(WORKS).apiUrl], chain: cluster.genesis.chain });
  });
  after(async () => {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a command line that `daybook seal` has shown, signed by officers. */
  async function follow(line: string, ...identities: readonly string[]): Promise<Ran> {
    const signers = identities.flatMap((identity) => {
      const key = path.join(cluster.directory, 'officers', `${identity.replace('/', '-')}.json`);
      return ['--signer', `${identity}=${key}`];
    });
    const words = line.split(' ').slice(1);
    return await run([...words, ...signers, '--url', cluster.node(WORKS).apiUrl, '--json']);
  }

  /**
   * Seals a bid, opens a tender for a time, hands the bid in and, when bidding is over, opens it.
   * @returns undefined if this machine was too slow to hand it in meanwhile
   */
  async function bidWithin(ocid: string, openMs: number): Promise<Ran | undefined> {
    const identity = `${WORKS}/head`;
    const signer = createSigner(cluster.officer(identity).secretKey);
    const { calls } = client.contractOf(procurement);
    const sealed = await run([
      ...['seal', 'bid', '--ocid', ocid, '--bid', 'b-1', '--tenderer', PUMPS],
      ...['--value', '300.00 GBP', '--out', path.join(folder, `${ocid}.json`), '--json'],
    ]);
    const { now, later } = sealed.json<{ readonly now: string; readonly later: string }>();
    const closes = Date.now() + openMs;
    const times = { closes, revealBy: closes + HOUR_MS, awardBy: closes + 2 * HOUR_MS };
    const opened = await client.perform(
      [{ identity, signer }],
      [
        calls.plan({ ocid, publisher: WORKS, planning: {} }),
        calls.openTender({ ocid, title: 'Pumps', items: [], ...times }),
      ],
    );
    // Closed before it was open.
    if (opened.state === 'refused' && Date.now() > closes) return undefined;
    expect(opened.state).to.equal('committed');

    const submitted = await follow(now, `${PUMPS}/head`);
    if (`${submitted.errors}${submitted.out}`.includes('PROCUREMENT_TOO_LATE')) return undefined;
    expect(submitted.code, submitted.errors + submitted.out).to.equal(0);
    let shown = await follow(later, `${PUMPS}/head`);
    while (`${shown.errors}${shown.out}`.includes('PROCUREMENT_TOO_EARLY')) {
      shown = await follow(later, `${PUMPS}/head`);
    }
    return shown;
  }

  it('given a sealed bid, then it is submitted while the tender is open, and opened after', async () => {
    const { records } = client.contractOf(procurement);
    let shown: Ran | undefined;
    let ocid = '';
    for (let openMs = TENDER_MS; shown === undefined; openMs *= 2) {
      ocid = `ocds-daybook-pumps-${openMs}`;
      shown = await bidWithin(ocid, openMs);
    }

    expect(shown.code, shown.errors + shown.out).to.equal(0);
    const bid = await records.bid.get({ ocid, bid: 'b-1' });
    expect(bid?.row.status).to.equal('revealed');
    expect(bid?.row.value).to.deep.equal({ minor: 30_000n, currency: 'GBP' });
  });

  it('given a sealed access, then two custodians log it, and the person is told of it', async () => {
    const about = '5f'.repeat(32);
    const out = path.join(folder, 'access.json');
    const sealed = await run([
      ...['seal', 'access', '--organisation', WORKS, '--deferral', 'd-1', '--about', about],
      ...['--record', 'register.person/7', '--kind', 'read', '--legal-basis', 'Act 7'],
      ...['--case-number', '12/26', '--purpose', 'Inquiry', '--out', out, '--json'],
    ]);
    const { now, later } = sealed.json<{ readonly now: string; readonly later: string }>();
    const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    const terms = `--legal-basis Act --disclose-by ${tomorrow} --reason Inquiry`;

    const logged = await follow(`${now} ${terms}`, `${WORKS}/head`, `${WORKS}/other`);
    const told = await follow(later, `${WORKS}/other`);

    expect(logged.code, logged.errors + logged.out).to.equal(0);
    expect(told.code, told.errors + told.out).to.equal(0);
    const key = { organisation: WORKS, deferral: 'd-1' };
    const row = await client.contractOf(oversight).records.deferral.get(key);
    expect(row?.row.status).to.equal('disclosed');
  });
});
