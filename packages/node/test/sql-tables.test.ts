/** The tables of a node that was stopped between a block and its rows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createSystemClock } from '../src/clock.ts';
import { parseSettings } from '../src/config.ts';
import type { Logger } from '../src/log.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import { createManifests } from '../src/manifests.ts';
import { createMetrics } from '../src/metrics.ts';
import type { SqlTables } from '../src/sql-tables.ts';
import { startSqlTables } from '../src/sql-tables.ts';
import type { OpenChain } from './support/chain.ts';
import { freshDisks, grow, makeGenesis, openChain } from './support/chain.ts';

interface Started {
  readonly sql: SqlTables;
  readonly told: readonly object[];
  /** Resolves when a line of the log begins so. */
  readonly saying: (text: string) => Promise<void>;
}

describe('node: SQL tables', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'daybook-tables-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const text = `node: {dataDirectory: ${directory}}\nnetwork: {listen: [/ip4/127.0.0.1/tcp/0]}\nreadmodel: {state: on, memoryBytesMax: 128 MiB}\n`;
  const settings = parseSettings(text, { file: path.join(directory, 'daybookd.yaml'), env: {} });

  function start(chain: OpenChain): Started {
    const told: object[] = [];
    const waiting = new Map<string, () => void>();
    const logger: Logger = {
      ...SILENT_LOGGER,
      info: (message, facts) => {
        told.push({ message, ...facts });
        waiting.get(message)?.();
      },
    };
    const sql = startSqlTables(settings, {
      ...chain,
      manifests: createManifests(chain.executor.engine, chain.ledger, chain.stateStore),
      clock: createSystemClock(),
      logger,
      metrics: createMetrics(),
    });
    if (sql === undefined) throw new Error('the settings ask for tables');
    const saying = (message: string): Promise<void> =>
      new Promise((resolve) => waiting.set(message, resolve));
    return { sql, told, saying };
  }

  it('given blocks that became final while the tables were stopped, when they start, then they read those blocks from where they are', async () => {
    const chain = await openChain(makeGenesis(), freshDisks());
    const first = start(chain);
    await first.saying('sql tables rebuilt');
    await first.sql.stop();
    await grow(chain.ledger, 4);

    const second = start(chain);
    await second.saying('sql tables closed a gap');

    const answer = await second.sql.query('SELECT number FROM notebook_note ORDER BY number');
    expect(answer.ok && answer.value.rows.flat()).to.deep.equal(['1', '2', '3', '4']);
    expect(answer.ok && answer.value.progress.height).to.equal(4);
    expect(second.told).to.deep.equal([{ message: 'sql tables closed a gap', from: 1, to: 4 }]);
    await second.sql.stop();
    await chain.close();
  });
});
