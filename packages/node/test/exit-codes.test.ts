/** How a process of the node ends over what its release lacks. */
import { ContractsError } from '@daybook/contracts';
import { expect } from 'chai';
import { describe as describeEnd, EXIT_CODES, exitCodeOf } from '../src/exit-codes.ts';

describe('node: the end over another release (spec X-35)', () => {
  const code = 'CONTRACTS_VERSION_MISSING';
  const error = new ContractsError({ code, contract: 'treasury', version: 2 });

  it('given a contract version that it lacks, then nobody starts it again in vain', () => {
    expect(exitCodeOf(error)).to.equal(EXIT_CODES.safety);
  });

  it('given the same, then code, facts and remedy stand in one line', () => {
    expect(describeEnd(error)).to.match(
      /^CONTRACTS_VERSION_MISSING: .*version 2 of treasury.*Install/,
    );
  });
});
