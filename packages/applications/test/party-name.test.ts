import { expect } from 'chai';
import { partyNameKey } from '../src/party-name.ts';

describe('vocabulary: names of one party', () => {
  const alike: readonly (readonly string[])[] = [
    [
      'Tar & Sons Ltd',
      'TAR AND SONS LIMITED',
      ' tar  and sons, ltd. ',
      'The Tar and Sons Co. Ltd.',
    ],
    ['Obra Pública S.A.', 'OBRA PÚBLICA SA', 'Obra-Pública, S. A.'.replace('S. A.', 'SA')],
    ["O'Brien PLC", 'O’Brien plc', 'OBrien'],
    ['北京水务有限公司', '北京水务', '北京水务股份有限公司'],
    ['ＡＢＣ Works', 'abc works', 'ABC (Works)'],
  ];
  for (const names of alike) {
    it(`given the spellings of ${names[0]}, then they have one key`, () => {
      expect(new Set(names.map(partyNameKey)).size, names.map(partyNameKey).join('|')).to.equal(1);
    });
  }

  it('given names that differ in what matters, then their keys differ', () => {
    const names = ['Tar North', 'Tar South', 'Tar 2', 'Costa', 'Coal and Tar'];

    expect(new Set(names.map(partyNameKey)).size).to.equal(names.length);
  });

  it('given a name of nothing else, then it stays what it is', () => {
    expect(partyNameKey('///')).to.equal('///');
    expect(partyNameKey('Ltd')).to.equal('ltd');
    expect(partyNameKey('有限公司')).to.equal('有限公司');
  });

  it('given a key, then it is its own key and never longer than the name', () => {
    for (const name of alike.flat()) {
      const key = partyNameKey(name);
      expect(key.length).to.be.at.most(name.length);
      expect(partyNameKey(key)).to.equal(key);
    }
  });

  it('given a capital of Latin, Greek, Cyrillic or Armenian, then its key is that of the small letter', () => {
    const scripts = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}]$/u;
    // Letters that names of our days do not have: of phonetics, of old Greek and of old Cyrillic.
    const isOld = (code: number) =>
      (code >= 0x180 && code < 0x1cd) ||
      (code >= 0x1f6 && code < 0x1f8) ||
      [0x1f1, 0x1f2, 0x1f4, 0x220].includes(code) ||
      (code >= 0x23a && code < 0x250) ||
      (code >= 0x370 && code < 0x386) ||
      (code >= 0x3cf && code < 0x400) ||
      (code >= 0x1c00 && code < 0x1e00) ||
      code >= 0x1f00;
    const capitals = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => {
      const text = String.fromCharCode(code);
      return scripts.test(text) && text.toLowerCase() !== text && !isOld(code);
    });

    expect(capitals.length).to.be.above(500);
    for (const code of capitals) {
      const text = String.fromCharCode(code);
      const small = text === '\u0130' ? 'i' : text.toLowerCase();
      expect(partyNameKey(text), code.toString(16)).to.equal(small);
    }
  });

  it('given marks that meet a letter, or letters that grow, then the key is in NFC and no longer', () => {
    for (const name of ['a.\u0301', 'H\u0331', '\uFF41\u0301', '\u0130'.repeat(200)]) {
      const key = partyNameKey(name.normalize('NFC'));
      expect(key.normalize('NFC')).to.equal(key);
      expect(key.length).to.be.at.most(name.length);
    }
  });
});
