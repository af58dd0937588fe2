import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { until } from './until.js';

export interface AccountingParts {
  folder: string;
  host: string;
  /** Of the database and of slurmdbd. */
  ports: readonly [number, number];
  start(name: string, program: string, ...words: string[]): void;
}

export const ACCOUNTING_PROGRAMS = [
  '/usr/sbin/slurmdbd',
  '/usr/sbin/mariadbd',
  '/usr/bin/mariadb-install-db',
  '/usr/bin/my_print_defaults',
];

/**
 * Starts a database and slurmdbd for a cluster.
 *
 * @returns lines of slurm.conf
 */
export async function startAccounting({ folder, host, ports, start }: AccountingParts): Promise<string[]> {
  const file = (name: string) => path.join(folder, name);
  const [database, daemon] = ports;
  const data = file('database');
  execFileSync(
    'mariadb-install-db',
    [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--user=root',
    ],
    { stdio: 'pipe' },
  );
  const first = ["CREATE USER slurm@'127.0.0.1';", "GRANT ALL ON slurm.* TO slurm@'127.0.0.1';", ''];
  writeFileSync(file('first.sql'), first.join('\n'));
  start(
    'mariadbd',
    'mariadbd',
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${file('database.sock')}`,
    `--pid-file=${file('mariadbd.pid')}`,
    `--log-error=${file('mariadbd.log')}`,
    `--port=${database}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    `--init-file=${file('first.sql')}`,
    '--user=root',
    '--innodb-buffer-pool-size=64M',
    '--innodb-flush-log-at-trx-commit=0',
  );
  await until(() => existsSync(file('database.sock')), { what: 'the database' });
  const conf = [
    'AuthType=auth/munge',
    `AuthInfo=socket=${file('munge.sock')}`,
    `DbdHost=${host}`,
    'DbdAddr=127.0.0.1',
    `DbdPort=${daemon}`,
    'SlurmUser=root',
    `LogFile=${file('slurmdbd.log')}`,
    `PidFile=${file('slurmdbd.pid')}`,
    'StorageType=accounting_storage/mysql',
    'StorageHost=127.0.0.1',
    `StoragePort=${database}`,
    'StorageUser=slurm',
    'StorageLoc=slurm',
  ];
  writeFileSync(file('slurmdbd.conf'), `${conf.join('\n')}\n`, { mode: 0o600 });
  start('slurmdbd', 'slurmdbd', '-D');
  return [
    'AccountingStorageType=accounting_storage/slurmdbd',
    'AccountingStorageHost=127.0.0.1',
    `AccountingStoragePort=${daemon}`,
    // Of munge: the commands take its socket from here.
    `AccountingStoragePass=${file('munge.sock')}`,
  ];
}
