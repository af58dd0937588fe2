import type { Option } from './option.js';

/** Keys of the task's SDK that the agent itself sets or reads; all others go through to it untouched. */
export const SDK_OPTIONS = [
  {
    key: 'sdk.storage.cache.default_base_dir',
    type: 'path',
    shipped: '~/.clearml/cache',
    fallback: null,
    help: "The SDK's cache; containers share it.",
    consumedBy: 'container',
  },
  {
    key: 'sdk.aws.s3.key',
    type: 'text',
    variables: ['AWS_ACCESS_KEY_ID'],
    help: 'Access key of S3.',
    consumedBy: 'config',
  },
  {
    key: 'sdk.aws.s3.secret',
    type: 'text',
    secret: true,
    variables: ['AWS_SECRET_ACCESS_KEY'],
    help: 'Secret key of S3.',
    consumedBy: 'config',
  },
  {
    key: 'sdk.aws.s3.region',
    type: 'text',
    variables: ['AWS_DEFAULT_REGION'],
    help: 'Region of S3.',
    consumedBy: 'config',
  },
  {
    key: 'sdk.google.storage.credentials_json',
    type: 'path',
    variables: ['GOOGLE_APPLICATION_CREDENTIALS'],
    help: 'File with the credentials of Google Cloud Storage.',
    consumedBy: 'config',
  },
  {
    key: 'sdk.azure.storage.containers',
    type: 'list',
    items: 'any',
    secret: true,
    help: 'Containers of Azure; AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY adds one.',
    consumedBy: 'config',
  },
] as const satisfies readonly Option[];
