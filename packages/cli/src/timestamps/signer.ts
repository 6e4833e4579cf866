/** The key and the certificates of a time-stamp authority, held against what RFC 3161 asks of them. */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import type { TspSigner } from '@daybook/formats';
import { malformed, readText } from '../files.ts';

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const ALGORITHMS: Readonly<Record<string, TspSigner['algorithm']>> = { rsa: 'rsa', ec: 'ecdsa' };

export interface SignerFiles {
  /** Private key, PEM. */
  readonly key: string;
  readonly passphrase?: string | undefined;
  /** Certificate of the key, then those above it, PEM. */
  readonly certificate: string;
}

/** @throws CliError CLI_FILE_MALFORMED when a verifier would refuse the tokens */
export async function openTspSigner(files: SignerFiles, nowMs: number): Promise<TspSigner> {
  const key = await readKey(files);
  const algorithm = ALGORITHMS[key.asymmetricKeyType ?? ''];
  if (algorithm === undefined) throw malformed(files.key, 'it is no RSA or EC key');
  const certificates = await readCertificates(files.certificate);
  const [own] = certificates;
  const fault = own === undefined ? 'it holds no certificate' : faultOf(own, key, nowMs);
  if (fault !== undefined) throw malformed(files.certificate, fault);
  return {
    certificates: certificates.map(({ raw }) => new Uint8Array(raw)),
    algorithm,
    sign: (bytes) => new Uint8Array(sign('sha256', bytes, key)),
  };
}

async function readKey({ key, passphrase }: SignerFiles): Promise<KeyObject> {
  const pem = await readText(key);
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    throw malformed(key, 'it is no private key in PEM that the passphrase opens', { cause });
  }
}

async function readCertificates(file: string): Promise<readonly X509Certificate[]> {
  const pems = (await readText(file)).match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  );
  try {
    return (pems ?? []).map((pem) => new X509Certificate(pem));
  } catch (cause) {
    throw malformed(file, 'it is no certificate in PEM', { cause });
  }
}

/** What is wrong with the certificate of an authority; undefined if nothing is. */
function faultOf(certificate: X509Certificate, key: KeyObject, nowMs: number): string | undefined {
  if (!certificate.checkPrivateKey(key)) return 'its first certificate is of another key';
  const uses: readonly string[] = certificate.keyUsage ?? [];
  if (uses.length !== 1 || uses[0] !== TIME_STAMPING) {
    return 'its first certificate is not for time-stamping alone (extendedKeyUsage)';
  }
  const [from, to] = [certificate.validFrom, certificate.validTo].map((text) => Date.parse(text));
  const isValid = from !== undefined && to !== undefined && from <= nowMs && nowMs < to;
  return isValid ? undefined : 'its first certificate is not valid today';
}
