/** I2 and I17: whatever is final has a certificate that any verifier accepts, and no weaker one passes. */
import type { Certificate, ValidatorSet } from '@daybook/core';
import { quorumOf, verifyCertificate } from '@daybook/core';
import type { Checker } from './checker.ts';

export const CERTIFICATES: Checker = {
  invariants: ['I2', 'I17'],
  watch: (world) => {
    world.events.on('committed', ({ machine, block, certificate }) => {
      if (!machine.isHonest) return;
      const { height } = block.header;
      const { history } = machine.replica() ?? {};
      const validators = history?.at(height);
      const chain = history?.chainAt(height);
      if (validators === undefined || chain === undefined) return;
      const expected = {
        kind: 'commit',
        chain,
        height,
        blockHash: block.hash,
        validators,
      } as const;
      const verified = verifyCertificate(certificate, expected);
      if (!verified.ok) {
        const { code } = verified.reason;
        world.violate('I2', `${machine.name} committed ${height} with a bad certificate: ${code}`);
      }
      if (certificate.round > 0) world.coverage.add('decided in a later round');
      for (const [words, weaker] of weakened(certificate, validators)) {
        if (verifyCertificate(weaker, expected).ok) {
          world.violate('I17', `a certificate of height ${height} passes ${words}`);
        }
      }
    });
  },
};

/** Certificates that a verifier must refuse, made from one that it accepts. */
function weakened(
  certificate: Certificate,
  validators: ValidatorSet,
): readonly (readonly [string, Certificate])[] {
  const { signers, signatures } = certificate;
  const { quorum } = quorumOf(validators.length);
  const short = {
    signers: signers.slice(0, quorum - 1),
    signatures: signatures.slice(0, quorum - 1),
  };
  const last = signers.length - 1;
  const repeated = {
    signers: [...short.signers, ...short.signers.slice(-1)],
    signatures: [...short.signatures, ...short.signatures.slice(-1)],
  };
  return [
    ['with one seal too few', { ...certificate, ...short }],
    ['of another round', { ...certificate, round: certificate.round + 1 }],
    ...(last > 0 ? [['with one seal twice', { ...certificate, ...repeated }] as const] : []),
  ];
}
