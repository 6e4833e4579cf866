import { spawnSync } from 'node:child_process';
import { expect } from 'chai';

const MODULE = new URL('../src/young-garbage.ts', import.meta.url).href;

describe('node: young garbage', () => {
  it('given the V8 of this release, when garbage is collected by one thread, then it knows the flag', () => {
    const program = `(await import(${JSON.stringify(MODULE)})).collectYoungInOneThread();`;
    const flags = ['--conditions=source', '--input-type=module', '--eval', program];
    const { status, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });

    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });
});
