/**
 * I17 along the whole chain: whoever knows genesis alone, and follows headers with their certificates
 * by sections 5 and 17 of the protocol, ends with the set that the nodes have.
 */
import type { Certificate, Hash, Header, ValidatorSet } from '@daybook/core';
import {
  blockHash,
  decodeBlock,
  decodeCertificate,
  equalBytes,
  validatorsHash,
  verifyCertificate,
} from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** A final header as anybody may hand it over. */
interface Step {
  readonly header: Header;
  readonly certificate: Certificate;
}

export const LIGHT_CLIENT: Checker = {
  invariants: ['I17'],
  watch: (world) => {
    const follower = new Follower(world);
    world.events.on('committed', ({ machine, block, certificate }) => {
      // Read from a sound disk: what is judged is the chain, and not who shows it.
      if (!machine.isHonest || machine.wasDamaged) return;
      const { header } = block;
      // What all nodes lost power over before they told of it is read from the log of this one.
      for (let height = follower.height + 1; height < header.height; height++) {
        const step = storedStep(machine, height);
        if (step === undefined) return;
        follower.follow(step, machine);
      }
      if (header.height === follower.height + 1) follower.follow({ header, certificate }, machine);
    });
  },
};

function storedStep(machine: Machine, height: number): Step | undefined {
  const stored = machine.storage()?.blockLog.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  const certificate = stored && decodeCertificate(stored.certificate);
  if (block?.ok !== true || certificate?.ok !== true) return undefined;
  return { header: block.value.header, certificate: certificate.value };
}

class Follower {
  height = 0;
  readonly #world: World;
  #trusted: ValidatorSet;
  #chain: Hash;

  constructor(world: World) {
    this.#world = world;
    this.#trusted = world.genesis.validators;
    this.#chain = world.genesis.chain;
  }

  follow({ header, certificate }: Step, machine: Machine): void {
    const { height } = header;
    this.height = height;
    this.#recover(header, machine);
    const expected = {
      kind: 'commit',
      chain: this.#chain,
      height,
      blockHash: blockHash(header),
      validators: this.#trusted,
    } as const;
    const isOfSet = equalBytes(header.validatorsHash, validatorsHash(this.#trusted));
    if (!isOfSet || !verifyCertificate(certificate, expected).ok) {
      this.#world.violate('I17', `whoever follows headers from genesis refuses height ${height}`);
    }
    if (equalBytes(header.validatorsHash, header.nextValidatorsHash)) return;
    this.#change(header, machine);
  }

  /** A recovery file is trusted by itself: its set is taken from whoever installed it. */
  #recover({ height, validatorsHash: named }: Header, machine: Machine): void {
    const history = machine.replica()?.history;
    const [era, told] = [history?.chainAt(height), history?.at(height)];
    if (era === undefined || told === undefined || equalBytes(era, this.#chain)) return;
    if (!equalBytes(validatorsHash(told), named)) return;
    this.#chain = era;
    this.#trusted = told;
  }

  /** The list comes from a node that may lie; the header says which one is right. */
  #change({ height, nextValidatorsHash }: Header, machine: Machine): void {
    const told = machine.replica()?.history.at(height + 1) ?? [];
    if (told.length === 0 || !equalBytes(validatorsHash(told), nextValidatorsHash)) {
      this.#world.violate('I17', `${machine.name} has not the set that height ${height} names`);
      return;
    }
    const { coverage } = this.#world;
    const before = this.#trusted;
    const isKept = told.every(({ id }) => before.some((one) => equalBytes(one.id, id)));
    if (told.length > before.length) coverage.add('set grew');
    if (told.length < before.length) coverage.add('set shrank');
    if (told.length === before.length && isKept) coverage.add('key rotated');
    coverage.add('light client across a change');
    this.#trusted = told;
  }
}
