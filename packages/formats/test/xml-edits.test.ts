/** Changes of a document at the places of its elements: nothing else moves. */
import { assert } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { XmlElement } from '../src/xml.ts';
import { readXmlRecords } from '../src/xml.ts';
import { applyEdits, cutElement, escapeXml, setAttributes, setContent } from '../src/xml-edits.ts';

/** The records of a document that a publisher may write, and where they stand. */
function recordsOf(text: string): readonly XmlElement[] {
  const found: XmlElement[] = [];
  const bytes = new TextEncoder().encode(text);
  const read = readXmlRecords(
    { name: 'a.xml', bytes },
    {
      root: 'r',
      record: 'e',
      onRoot: () => undefined,
      onRecord: (element) => {
        if (element !== undefined) found.push(element);
      },
    },
  );
  assert(read.ok, read.ok ? '' : JSON.stringify(read.reason));
  return found;
}

const first = (text: string): XmlElement => {
  const [element] = recordsOf(text);
  assert(element !== undefined, 'there is a record');
  return element;
};

describe('formats: changes in XML', () => {
  it('given elements of every form, then their places are those of their text', () => {
    const forms = [
      '<e/>',
      '<e />',
      '<e a="1>2"\n b=\'"\'>x</e >',
      '<e><!-- <e> --><e>\ud83d\udca7</e></e>',
    ];
    // Chunks of the reader end everywhere, between the halves of a character and of a line end, too.
    for (const before of ['', '\ud83d\udca7'.repeat(40_000), '\r\n'.repeat(40_000)]) {
      const text = `<?xml version="1.0"?><r>${before}${forms.join(`\r\n${before} `)}</r>`;

      expect(recordsOf(text).map(({ span }) => text.slice(span.start, span.end))).to.deep.equal(
        forms,
      );
    }
  });

  for (const [before, after] of [
    ['<e/>', '<e k="&quot;&amp;"/>'],
    ['<e k="1" j="2"/>', '<e k="&quot;&amp;" j="2"/>'],
    [`<e j=' k="1"' k = '2'>x</e>`, `<e j=' k="1"' k="&quot;&amp;">x</e>`],
    ['<e xk="1">x</e>', '<e k="&quot;&amp;" xk="1">x</e>'],
  ] as const) {
    it(`given ${before}, when an attribute is set, then the others stay`, () => {
      const text = `<r>${before}</r>`;

      const edit = setAttributes(text, first(text), { k: '"&' });
      expect(applyEdits(text, [edit])).to.equal(`<r>${after}</r>`);
    });
  }

  for (const [before, after] of [
    ['<e/>', '<e>new</e>'],
    ['<e a="1" />', '<e a="1">new</e>'],
    ['<e></e>', '<e>new</e>'],
    ['<e><e>old</e></e >', '<e>new</e >'],
  ] as const) {
    it(`given ${before}, when its content is set, then its tags stay`, () => {
      const text = `<r>${before}<e/></r>`;

      expect(applyEdits(text, [setContent(text, first(text), 'new')])).to.equal(
        `<r>${after}<e/></r>`,
      );
    });
  }

  for (const [before, after] of [
    ['<r>\n <e>x</e>\n <f/></r>', '<r>\n <f/></r>'],
    ['<r>\r\n\t<e/>\r\n</r>', '<r>\r\n</r>'],
    ['<r>a <e/> b</r>', '<r>a  b</r>'],
    ['<r><e/></r>', '<r></r>'],
  ] as const) {
    it(`given ${JSON.stringify(before)}, when an element is cut, then its own line goes with it`, () => {
      const edit = cutElement(before, first(before).span);
      expect(applyEdits(before, [edit])).to.equal(after);
    });
  }

  it('given any text that XML can hold, when put in and read, then it is what it was', () => {
    const texts = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !/[^\P{Cc}\t\n\r\u007f-\u009f]|\p{Cs}|[\ufffe\uffff]/u.test(text));
    fc.assert(
      fc.property(texts, (text) => {
        const escaped = escapeXml(text);
        expect(escaped).to.match(/^[ -~]*$/);
        const { attributes } = first(`<r><e a="${escaped}"/></r>`);
        expect(attributes.a).to.equal(text);
      }),
    );
  });
});
