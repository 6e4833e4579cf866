import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { knownContracts } from '../src/actions/contracts.ts';
import { renderCliReference } from '../src/reference.ts';
import { allVerbs } from '../src/verbs.ts';
import { run } from './fixtures/run.ts';

describe('cli: the program', () => {
  it('given nothing, then it shows its verbs, and that this was wrong use', async () => {
    const { code, out } = await run([]);

    expect(code).to.equal(2);
    expect(out).to.contain('import spend').and.to.contain('treasury ACTION');
  });

  it('given every verb, when asked for help, then it says what it does and takes', async () => {
    for (const { words, title } of await allVerbs()) {
      const { code, out } = await run([...words, '--help']);

      expect(code, words.join(' ')).to.equal(0);
      expect(out, words.join(' ')).to.contain(title).and.to.contain('--json');
    }
  });

  it('given the name of an action as the contract writes it, then it is found, too', async () => {
    const { code, out } = await run(['treasury', 'increaseAllocation', '--help']);

    expect(code).to.equal(0);
    expect(out).to.contain('Increase an allocation');
  });

  it('given submit and an action, then it is the same verb', async () => {
    const { out } = await run(['submit', 'treasury', 'disburse', '--help']);

    expect(out).to.contain('daybook submit treasury disburse');
  });

  it('given help as other programs have it, then it is the same help', async () => {
    const { out } = await run(['init', 'keys', '--help']);

    for (const words of [
      ['help', 'init', 'keys'],
      ['init', 'keys', '-h'],
    ]) {
      const asked = await run(words);
      expect([asked.code, asked.out], words.join(' ')).to.deep.equal([0, out]);
    }
    expect((await run(['help'])).code).to.equal(0);
  });

  it('given --version, then it is that of the package', async () => {
    const file = new URL('../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };

    expect((await run(['--version'])).out).to.equal(`${version}\n`);
    expect((await run(['--version', '--json'])).json()).to.deep.equal({ version });
  });

  it('given a slip of the pen, then it offers the nearest verb', async () => {
    const { code, errors } = await run(['verfy']);

    expect(code).to.equal(2);
    expect(errors).to.contain('"verify"');
    expect((await run(['treasury', 'disbrse'])).errors).to.contain('treasury disburse');
  });

  it('given an operand that is missing, then it is named as the help names it', async () => {
    const { errors } = await run(['diff-state', 'http://127.0.0.1:1']);

    expect(errors).to.contain('It is RIGHT.');
  });

  it('given an operand that is no address, then it is wrong use and no defect', async () => {
    const { code, errors } = await run(['diff-state', 'http://127.0.0.1:1', 'finance']);

    expect(code).to.equal(2);
    expect(errors).to.contain('RIGHT takes an address with http:// or https://');
  });

  it('given --json, then a failure is one line of JSON on standard error', async () => {
    const { out, errors } = await run(['get', 'treasury', '--json']);

    const told = JSON.parse(errors) as { error: { code: string; remedy: string } };
    expect(out).to.equal('');
    expect(told.error.code).to.equal('CLI_OPERAND_MISSING');
    expect(told.error.remedy).to.have.length.greaterThan(5);
  });

  it('given no terminal or NO_COLOR, then there are no colours; else there are', async () => {
    const words = ['verify', '--help'];
    const plain = await run(words);
    const asked = await run(words, { isTerminal: true, environment: { NO_COLOR: '1' } });
    const coloured = await run(words, { isTerminal: true });

    expect(plain.out).to.not.contain('\u001b[');
    expect(asked.out).to.equal(plain.out);
    expect(coloured.out).to.contain('\u001b[1m');
  });

  it('given no node, then the exit code says so', async () => {
    const url = ['--url', 'http://127.0.0.1:9'];

    expect((await run(['status', ...url])).code).to.equal(3);
    expect((await run(['get', 'treasury', 'payment', 'a1', 'b', ...url])).code).to.equal(3);
  });

  it('given an input with faults, then every option is named and no node is asked', async () => {
    const { code, errors } = await run(['treasury', 'acknowledge', '--payment', 'with space']);

    expect(code).to.equal(2);
    expect(errors).to.contain('--fund: expected').and.to.contain('--payment: expected');
  });

  it('given the tables, then the reference page names every verb and option', async () => {
    const page = renderCliReference(await knownContracts());

    for (const { words, options } of await allVerbs()) {
      expect(page).to.contain(`### ${words.join(' ')}\n`);
      for (const name of Object.keys(options)) expect(page).to.contain(`\`--${name}`);
    }
    expect(page).to.contain('| 5 | Nobody can tell');
  });
});
