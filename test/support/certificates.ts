import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Files of an authority of a test's own, in one folder, named as Docker names them. */
export interface Certificates {
  folder: string;
  ca: string;
  serverCert: string;
  serverKey: string;
}

/** Makes an authority, and certificates by it for a server on loopback and for a client. */
export function makeCertificates(folder: string): Certificates {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=test',
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
    '-days',
    '2',
  );
  writeFileSync(
    path.join(folder, 'server.ext'),
    'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n',
  );
  writeFileSync(path.join(folder, 'client.ext'), 'extendedKeyUsage=clientAuth\n');
  for (const [name, prefix] of [
    ['server', 'server-'],
    ['client', ''],
  ]) {
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${prefix}key.pem`, '-out', `${name}.csr`);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${prefix}cert.pem`, '-days', '2');
  }
  const file = (name: string) => path.join(folder, name);
  return {
    folder,
    ca: file('ca.pem'),
    serverCert: file('server-cert.pem'),
    serverKey: file('server-key.pem'),
  };
}
