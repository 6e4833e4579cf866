import { expect } from 'chai';
import { createBodyBudget } from '../../src/api/body.ts';
import { readJsonBody } from '../../src/api/json-body.ts';
import { API_LIMITS } from '../../src/api/limits.ts';

describe('api: memory for bodies', () => {
  it('given a budget, then requests take from it together and give back their own', () => {
    const budget = createBodyBudget(100);
    const [one, two] = [budget.open(), budget.open()];

    expect([one.take(60), two.take(50), two.take(40)]).to.deep.equal([true, false, true]);
    one.release();
    one.release();

    expect(budget.held()).to.equal(40);
    expect(two.take(60)).to.equal(true);
  });
});

describe('api: JSON from strangers', () => {
  const read = (text: string) => readJsonBody(new TextEncoder().encode(text));

  it('given nesting at the limit, then it is read; one deeper, then not', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

    expect(read(nested(API_LIMITS.jsonDepthMax)).ok).to.equal(true);
    expect(read(nested(API_LIMITS.jsonDepthMax + 1)).ok).to.equal(false);
  });

  it('given brackets and quotes inside strings, then they are only text', () => {
    const text = JSON.stringify({ a: '[[[["]]}}{{\\"'.repeat(40), b: ['\\', '\\\\"', '{'] });

    const value = read(text);

    expect(value.ok && value.value).to.deep.equal(JSON.parse(text));
  });

  it('given one name in two objects, or as a value, then it is no repetition', () => {
    expect(read('{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c":"a"}').ok).to.equal(true);
    expect(read('{"a":{"b":1,"b":2}}').ok).to.equal(false);
    expect(read('[{"a":1 , "\\u0061" : 2}]').ok).to.equal(false);
  });
});
