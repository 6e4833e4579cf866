/** Every transcript is what the machine does; see `harness/transcript.ts` for the verbs. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { playTranscript } from './harness/transcript.ts';

const DIRECTORY = new URL('./transcripts/', import.meta.url);

describe('consensus: transcripts', () => {
  for (const name of readdirSync(DIRECTORY).sort()) {
    const recorded = readFileSync(new URL(name, DIRECTORY), 'utf8');
    const comment = recorded.split('\n').filter((line) => line.startsWith('# '));
    const [title = name] = comment
      .map((line) => line.slice(2))
      .join(' ')
      .split('. ');

    it(`${name.replace('.txt', '')}: ${title}`, () => {
      const played = playTranscript(recorded);

      expect(played).to.equal(recorded);
    });
  }
});
