import { expect } from 'chai';
import { paintFor, printable, renderPairs, renderTable, widthOf } from '../../src/frame/style.ts';

const plain = paintFor({ write: () => undefined, isTerminal: false, columns: 80 }, {});

describe('cli: what a terminal shows', () => {
  it('given text of a stranger, then it is shown and not obeyed', () => {
    const hostile = 'a\u001b]0;title\u0007b\u001b[2Jc\rd\u009be\u202ef';

    const shown = printable(`\u001b[1m${hostile}\u001b[22m\nnext\tcell`);

    const rest = shown.replaceAll('\u001b[1m', '').replaceAll('\u001b[22m', '');
    expect(rest).to.not.match(/[\p{Bidi_Control}]/u);
    expect(rest.replace(/[\n\t]/g, '')).to.not.match(/\p{Cc}/u);
    expect(shown).to.contain('\u001b[1ma').and.to.contain('\nnext\tcell');
  });

  it('given Chinese text, then columns stand under one another', () => {
    const table = renderTable(
      ['名称', 'Sum'],
      [
        ['水', '1'],
        ['water', '22'],
      ],
      plain,
    );

    expect(widthOf('水a')).to.equal(3);
    expect(
      table.split('\n').map((line) => widthOf(line.slice(0, line.lastIndexOf(' ') + 1))),
    ).to.deep.equal([7, 7, 7]);
  });

  it('given long cells, then they are shortened; given pairs, then they are whole', () => {
    const long = 'x'.repeat(200);

    expect(renderTable(['a'], [[long]], plain)).to.contain('…');
    expect(renderPairs([{ title: 'a', text: long }], plain)).to.contain(long);
  });
});
