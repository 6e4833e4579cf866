/**
 * Faults of our own listeners: all are counted, few are logged.
 */
import { expect } from 'chai';
import { createOwnFaults, FAULT_LINE_MS } from '../src/own-faults.ts';
import { manualClock } from './support/manual-clock.ts';
import { keptParts } from './support/parts.ts';

describe('network: own faults', () => {
  it('given many in one place, then one line per period, which counts those without a line', () => {
    const clock = manualClock();
    const parts = keptParts(clock);
    const faults = createOwnFaults(parts);

    for (let count = 0; count < 100; count += 1) faults.report('gossip', new Error('damaged'));
    clock.advance(FAULT_LINE_MS - 1);
    faults.report('gossip', new Error('damaged'));
    clock.advance(1);
    faults.report('gossip', 'no error at all', { topic: 'blocks' });

    expect(parts.lines).to.deep.equal([
      'error listener failed {"place":"gossip","error":"Error: damaged","silent":0}',
      'error listener failed {"place":"gossip","error":"no error at all","silent":100,"topic":"blocks"}',
    ]);
    expect(parts.figure('daybook_network_own_faults_total', { place: 'gossip' })).to.equal(102);
  });

  it('given another place, then it has a line of its own', () => {
    const parts = keptParts(manualClock());
    const faults = createOwnFaults(parts);

    faults.report('gossip', new Error('first'));
    faults.report('request', new Error('second'));

    expect(parts.lines).to.have.length(2);
  });
});
