/** How records are named: any key comes back, whatever its characters. */
import { expect } from 'chai';
import fc from 'fast-check';
import { cite, readCitation } from '../src/index.ts';

const part = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.string({ minLength: 1, unit: fc.constantFrom('/', '%', '2', 'F', '5') }),
);

describe('applications: citations', () => {
  it('given any key, when cited and read, then it is the key', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (key) => {
        const read = readCitation(cite('treasury.payment', ...key));
        expect(read).to.deep.equal({ contract: 'treasury', record: 'payment', key });
      }),
    );
  });
});
