/**
 * Transcripts: a scenario in a few verbs, and below it what every node did, one line per step that
 * had an effect. A protocol expert reads them without the code; a changed line is a changed
 * behaviour.
 *
 * Verbs: `validators N [seed=N] [parameter=value...]`, `work nX`, `run MS`, `stop nX`, `start nX`,
 * `cut nX nY`, `lose TYPE FROM TO`, `heal`, `clock nX MS`, `cheat nX`, `why nX`. FROM and TO are
 * names joined by commas, or `*`. A cheat shows each of its proposals to one half of the others and
 * another block, with the next millisecond as its time, to the rest.
 */
import type { PrePrepare } from '@daybook/core';
import { blockHash, toHex } from '@daybook/core';
import { explainWaiting } from '../../src/index.ts';
import { fakeSign } from './fake-keys.ts';
import { createNarrator } from './narrate.ts';
import type { Packet, TestNode } from './node.ts';
import type { World } from './world.ts';
import { createWorld } from './world.ts';

const RULE = '----';

interface Loss {
  readonly type: string;
  readonly from: string;
  readonly to: string;
}

function matches(pattern: string, node: TestNode): boolean {
  return pattern === '*' || pattern.split(',').includes(`n${node.name}`);
}

/** The second face of a cheat's proposal: the same slot, another block. */
function otherFace(world: World, message: PrePrepare): PrePrepare {
  const header = { ...message.header, timestampMs: message.header.timestampMs + 1 };
  const hash = blockHash(header);
  world.bodies.set(toHex(hash), world.bodies.get(toHex(message.signed.content.blockHash)) ?? []);
  const content = { ...message.signed.content, blockHash: hash };
  const { sender } = message.signed;
  return { ...message, header, signed: { content, sender, signature: fakeSign(sender, content) } };
}

function createStage(words: readonly string[], tell: (line: string) => void): Stage {
  const settings = Object.fromEntries(words.slice(1).map((word) => word.split('=')));
  const { seed = '1', ...parameters } = settings;
  const narrator = createNarrator();
  const numbers = Object.entries(parameters).map(([name, value]) => [name, Number(value)]);
  const world = createWorld({
    validators: Number(words[0]),
    seed: Number(seed),
    parameters: Object.fromEntries(numbers),
    trace: (node, event, effects) => {
      const line = narrator.tell(event, effects);
      if (line !== undefined) tell(`${String(world.nowMs).padStart(6)} n${node.name} ${line}`);
    },
  });
  return { world, losses: [], cheats: new Set(), tell };
}

interface Stage {
  readonly world: World;
  losses: Loss[];
  readonly cheats: Set<number>;
  readonly tell: (line: string) => void;
}

function startStage(stage: Stage): void {
  const { world } = stage;
  world.weather = (from, to, packet) => {
    const isLost = stage.losses.some(
      (loss) =>
        (loss.type === '*' || loss.type === packet.type) &&
        matches(loss.from, from) &&
        matches(loss.to, to),
    );
    return isLost ? [] : [10];
  };
  const send = world.send;
  world.send = (from, to, packet) => {
    const lies = stage.cheats.has(from.name) && packet.type === 'pre-prepare' && to % 2 === 1;
    send(from, to, lies ? otherFace(world, packet as PrePrepare) : (packet as Packet));
  };
  for (const node of world.nodes) node.start();
}

function perform(stage: Stage, verb: string, words: readonly string[]): void {
  const { world } = stage;
  const node = (place: number): TestNode => {
    const found = world.nodes[Number(words[place]?.slice(1))];
    if (found === undefined) throw new Error(`no node named ${words[place]}`);
    return found;
  };
  switch (verb) {
    case 'work':
      world.work(node(0), `t${world.nowMs}`);
      return;
    case 'run':
      world.runUntil(world.nowMs + Number(words[0]));
      return;
    case 'stop':
      node(0).stop();
      return;
    case 'start':
      node(0).start();
      return;
    case 'cut':
      world.cut(node(0), node(1));
      return;
    case 'lose': {
      const [type = '*', from = '*', to = '*'] = words;
      stage.losses = [...stage.losses, { type, from, to }];
      return;
    }
    case 'heal':
      stage.losses = [];
      world.mend();
      return;
    case 'clock':
      node(0).clockMs = Number(words[1]);
      return;
    case 'cheat':
      stage.cheats.add(node(0).name);
      return;
    case 'why': {
      const now = { monoMs: world.nowMs, wallMs: 0 };
      const { awaited, height, round, votes, quorum } = explainWaiting(node(0).state, now);
      const count = votes === undefined ? '' : ` ${votes} of ${quorum}`;
      stage.tell(`       n${node(0).name} at h${height} r${round} awaits ${awaited}${count}`);
      return;
    }
    default:
      throw new Error(`unknown verb ${verb}`);
  }
}

/** Plays the scenario above the rule. @returns the whole file as it should be */
export function playTranscript(text: string): string {
  const [scenario = ''] = text.split(`\n${RULE}\n`);
  const lines: string[] = [];
  let stage: Stage | undefined;
  for (const line of scenario.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [verb = '', ...words] = line.split(/\s+/);
    lines.push(`> ${line}`);
    if (stage === undefined) {
      if (verb !== 'validators') throw new Error('a scenario begins with its validators');
      stage = createStage(words, (told) => lines.push(told));
      startStage(stage);
      continue;
    }
    perform(stage, verb, words);
  }
  for (const node of stage?.world.nodes ?? []) {
    lines.push(
      `= n${node.name} ${node.up ? 'up' : 'down'} at height ${stage?.world.heightOf(node)}`,
    );
  }
  return `${scenario}\n${RULE}\n${lines.join('\n')}\n`;
}
