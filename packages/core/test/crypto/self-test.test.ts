import { expect } from 'chai';
import { runSelfTest } from '../../src/crypto/self-test.ts';

describe('core: self-test', () => {
  it('given this runtime, when a node starts, then every vector has its answer (spec D-13)', () => {
    expect(runSelfTest()).to.deep.equal({ ok: true, value: undefined });
  });

  it('given a warm process, when run again, then it takes less than 50 ms of CPU', () => {
    const before = process.threadCpuUsage();
    runSelfTest();
    const { user, system } = process.threadCpuUsage(before);

    expect((user + system) / 1000).to.be.lessThan(50);
  });
});
