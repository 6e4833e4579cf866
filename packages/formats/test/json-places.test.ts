/** Places of JSON pointers in a text, against what the text shows there. */
import { expect } from 'chai';
import { locateJson } from '../src/json-places.ts';

const TEXT = `{
  "a~b/c": [1, -2.5e3, "x \\"]}", null],
  "list": [
    {"id": "one"},\t{"id" : true}
  ],
  "empty": {}, "none": []
}`;

describe('formats: places of JSON pointers', () => {
  for (const [pointer, line, column, begins] of [
    ['', 1, 1, '{'],
    ['/a~0b~1c', 2, 12, '[1'],
    ['/a~0b~1c/1', 2, 16, '-2.5e3'],
    ['/a~0b~1c/2', 2, 24, '"x \\"]}"'],
    ['/a~0b~1c/3', 2, 34, 'null'],
    ['/list/0/id', 4, 12, '"one"'],
    ['/list/1/id', 4, 28, 'true'],
    ['/empty', 6, 12, '{}'],
    ['/none', 6, 24, '[]'],
  ] as const) {
    it(`given ${pointer || 'the whole'}, then line and column are those of its value`, () => {
      const place = locateJson(TEXT, [pointer, '/list/1']).get(pointer);

      expect(place).to.deep.equal({ line, column });
      expect(TEXT.split('\n')[line - 1]?.slice(column - 1)).to.match(
        new RegExp(`^${begins.replace(/[^a-z0-9]/g, '\\$&')}`),
      );
    });
  }

  it('given a value that is missing, then the place is that of what it is missing in', () => {
    const places = locateJson(TEXT, ['/list/1/date', '/list/7/id', '/other']);

    expect([...places.values()]).to.deep.equal([
      { line: 1, column: 1 },
      { line: 3, column: 11 },
      { line: 4, column: 20 },
    ]);
  });

  it('given a text of a million signs, then it is passed over', () => {
    const text = JSON.stringify({ long: '\\"'.repeat(500_000), after: 1 });

    expect(locateJson(text, ['/after']).get('/after')).to.deep.equal({
      line: 1,
      column: text.length - 1,
    });
  });
});
