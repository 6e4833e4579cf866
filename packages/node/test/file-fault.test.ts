/** What the operating system refuses over a file is no defect: it has a name, its place, and advice. */
import * as fs from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { main } from '../src/daemon.ts';
import { NodeError } from '../src/errors.ts';
import { EXIT_CODES, endOf } from '../src/exit-codes.ts';
import { nameFileFault } from '../src/file-fault.ts';

function caught(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('node: refusals of the operating system', () => {
  const missing = path.join(tmpdir(), 'daybook-there-is-none', 'file');

  it('given a file that cannot be opened, then it is named with what was refused', () => {
    const error = nameFileFault(caught(() => fs.readFileSync(missing)));

    expect(error).to.be.instanceOf(NodeError).with.property('code', 'NODE_FILE_FAILED');
    expect(String(error)).to.contain(`open ${missing}: ENOENT`);
  });

  it('given a write to a full disk, which has no path, then the file is named that was written', () => {
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' });

    expect(String(nameFileFault(full, '/mnt/backup/a.log'))).to.contain(
      'write /mnt/backup/a.log: ENOSPC',
    );
  });

  it('given a refused connection, or a defect, then it stays what it is', async () => {
    const refused = await new Promise((resolve) => {
      connect(path.join(tmpdir(), 'daybook-no-socket')).on('error', resolve);
    });
    for (const other of [refused, new TypeError('x is undefined'), 'text']) {
      expect(nameFileFault(other)).to.equal(other);
    }
  });

  it('given such a refusal in a running node, then it ends with the code of storage and without a stack', () => {
    const { exitCode, facts } = endOf(caught(() => fs.readdirSync(missing)));

    expect(exitCode).to.equal(EXIT_CODES.storage);
    expect(facts.code).to.equal('NODE_FILE_FAILED');
    expect(facts.reason).to.not.contain('    at ');
  });

  it('given a verb with a file for a folder, then it ends with the code of storage and advice', async () => {
    const folder = fs.mkdtempSync(path.join(tmpdir(), 'daybook-file-fault-'));
    const genesis = path.join(folder, 'genesis.json');
    fs.mkdirSync(genesis);
    const told: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array): boolean => told.push(String(text)) > 0;
    try {
      const exitCode = await main(['archive', 'verify', folder]);

      expect(exitCode).to.equal(EXIT_CODES.storage);
      expect(told.join('')).to.match(/read.*EISDIR.*\n.*service user\. \(NODE_FILE_FAILED\)/);
    } finally {
      process.stderr.write = write;
      fs.rmSync(folder, { recursive: true });
    }
  });
});
