import { png } from './png.js';

export interface Samples {
  /** A running task with a console of colours and progress bars, scalars, plots, images, artifacts and models. */
  running: string;
  /** A finished one, made from the same code. */
  completed: string;
  draft: string;
  project: string;
  queue: string;
}

type Call = <T>(endpoint: string, body?: unknown) => Promise<T>;
interface Place {
  call: Call;
  /** Where the file server is reached. */
  files: string;
  /** `Basic …` for it. */
  authorization: string;
}

const SCRIPT = {
  binary: 'python3',
  repository: 'https://git.example.com/vision/resnet.git',
  branch: 'main',
  version_num: '4f1c2ab0d9a1c7e4b5f6a7b8c9d0e1f2a3b4c5d6',
  entry_point: 'train.py',
  working_dir: '.',
  requirements: { pip: 'torch==2.9.1\nnumpy>=2\nclearml' },
  diff: `diff --git a/train.py b/train.py
index 3b18e51..a9c24fd 100644
--- a/train.py
+++ b/train.py
@@ -12,7 +12,8 @@ def main(args):
     model = resnet(args.depth)
-    optimizer = SGD(model, lr=0.1)
+    optimizer = SGD(model, lr=args.lr)
+    scheduler = Cosine(optimizer, args.epochs)
     for epoch in range(args.epochs):
         train(model, optimizer)
`,
};

function parameters(lr: number, depth: number, batch: number): object {
  const item = (name: string, value: string | number) => ({ section: 'Args', name, value: String(value) });
  return {
    Args: {
      lr: item('lr', lr),
      depth: item('depth', depth),
      batch_size: item('batch_size', batch),
      epochs: item('epochs', 90),
      data: item('data', 's3://datasets/imagenet'),
    },
    General: { seed: { section: 'General', name: 'seed', value: '42' } },
  };
}

/** Tasks as people have them, of every status, made by calls as the SDK makes them. */
export async function addSamples(place: Place): Promise<Samples> {
  const { call } = place;
  const { id: project } = await call<{ id: string }>('projects.create', { name: 'Vision/ResNet' });
  const { id: other } = await call<{ id: string }>('projects.create', { name: 'Speech/Keyword spotting' });
  const { id: queue } = await call<{ id: string }>('queues.create', { name: 'gpu' });
  await call('queues.create', { name: 'services' });
  const create = async (name: string, index: number, to = project) => {
    const { id } = await call<{ id: string }>('tasks.create', {
      name,
      type: 'training',
      project: to,
      tags: index % 3 === 0 ? ['baseline'] : index % 4 === 0 ? ['sweep', 'night'] : [],
      script: SCRIPT,
      container: { image: 'nvcr.io/nvidia/pytorch:26.05-py3', arguments: '--ipc=host' },
      hyperparams: parameters(
        Number((0.1 / (1 + index)).toFixed(4)),
        index % 2 === 0 ? 50 : 101,
        64 * (1 + (index % 4)),
      ),
      configuration: {
        model: { name: 'model', type: 'hocon', value: 'backbone {\n  depth: 50\n  norm: batch\n}\n' },
      },
    });
    return id;
  };
  const ids: string[] = [];
  for (let index = 0; index < 24; index += 1)
    ids.push(
      await create(
        `ResNet-${index % 2 === 0 ? 50 : 101} sweep ${String(index + 1).padStart(2, '0')}`,
        index,
        index % 5 === 4 ? other : project,
      ),
    );
  for (const [index, id] of ids.entries()) await run(place, id, index, queue);
  const draft = ids[1] as string;
  return { running: ids[0] as string, completed: ids[2] as string, draft, project, queue };
}

async function run(place: Place, id: string, index: number, queue: string): Promise<void> {
  const { call } = place;
  if (index === 1 || index === 13) return;
  if (index % 6 === 5) {
    await call('tasks.enqueue', { task: id, queue });
    return;
  }
  await call('tasks.started', { task: id });
  await report(place, id, index);
  if (index % 6 === 0) return;
  if (index % 6 === 4)
    await call('tasks.failed', {
      task: id,
      status_reason: 'exit status 1',
      status_message: 'CUDA out of memory: tried to allocate 2.00 GiB',
    });
  else if (index % 6 === 3) await call('tasks.stop', { task: id, force: true });
  else await call('tasks.completed', { task: id });
}

async function report({ call, files, authorization }: Place, id: string, index: number): Promise<void> {
  const now = Date.now() - 120_000;
  const event = (type: string, rest: object) => ({
    type,
    task: id,
    timestamp: now,
    worker: 'gpu-box:0',
    ...rest,
  });
  const scalars = Array.from({ length: 90 }, (_, iter) => {
    const wave = Math.sin(iter * 1.7 + index) * 0.06;
    const loss = 2.4 * Math.exp(-iter / (18 + index)) + 0.2 + wave;
    return [
      event('training_stats_scalar', {
        metric: 'loss',
        variant: 'train',
        iter,
        value: loss,
        timestamp: now + iter * 1000,
      }),
      event('training_stats_scalar', {
        metric: 'loss',
        variant: 'validation',
        iter,
        value: loss * 1.12 + wave,
        timestamp: now + iter * 1000,
      }),
      event('training_stats_scalar', {
        metric: 'accuracy',
        variant: 'top1',
        iter,
        value: 0.78 - loss / 4,
        timestamp: now + iter * 1000,
      }),
      event('training_stats_scalar', {
        metric: 'learning rate',
        variant: 'lr',
        iter,
        value: 0.1 * 0.95 ** iter,
        timestamp: now + iter * 1000,
      }),
    ];
  }).flat();
  await call('events.add_batch', scalars);
  await call('events.add_batch', logOf(event, now, index === 0 ? 4000 : 200));
  if (index > 2) return;
  await call('events.add_batch', [
    event('plot', {
      metric: 'confusion',
      variant: 'matrix',
      iter: 89,
      plot_str: JSON.stringify({
        data: [
          {
            type: 'heatmap',
            z: [
              [50, 2, 1],
              [3, 44, 5],
              [0, 6, 61],
            ],
            x: ['cat', 'dog', 'owl'],
            y: ['cat', 'dog', 'owl'],
          },
        ],
        layout: { title: { text: 'Confusion matrix' } },
      }),
    }),
    event('plot', {
      metric: 'precision',
      variant: 'recall',
      iter: 89,
      plot_str: JSON.stringify({
        data: [{ type: 'scatter', x: [0, 0.5, 0.8, 1], y: [1, 0.95, 0.7, 0.2], name: 'val' }],
        layout: {},
      }),
    }),
  ]);
  for (let image = 0; image < 3; image += 1) {
    const name = `Vision/ResNet/${id}/metrics/sample_${image}.png`;
    await put(`${files}/${name}`, png(96, 64, image), authorization);
    await call(
      'events.add',
      event('training_debug_image', {
        metric: 'samples',
        variant: `image ${image}`,
        iter: 89,
        url: `${files}/${name}`,
      }),
    );
  }
  await call(
    'events.add',
    event('training_debug_image', {
      metric: 'samples',
      variant: 'elsewhere',
      iter: 89,
      url: 'https://images.example.com/cat.png',
    }),
  );
  await put(`${files}/Vision/${id}/report.json`, Buffer.from('{"accuracy": 0.761}'), authorization);
  await call('tasks.add_or_update_artifacts', {
    task: id,
    artifacts: [
      {
        key: 'report',
        type: 'dict',
        uri: `${files}/Vision/${id}/report.json`,
        content_size: 19,
        hash: 'f00d',
        timestamp: Math.floor(now / 1000),
        type_data: { preview: '{"accuracy": 0.761}', content_type: 'application/json' },
      },
      {
        key: 'predictions',
        type: 'pandas',
        uri: 's3://bucket/predictions.csv.gz',
        content_size: 48_213_004,
        timestamp: Math.floor(now / 1000),
        type_data: { preview: 'image,label\n0001.png,cat\n0002.png,owl' },
      },
    ],
  });
  const { id: model } = await call<{ id: string }>('models.create', {
    name: 'ResNet best',
    uri: `${files}/Vision/${id}/model.pt`,
    framework: 'PyTorch',
    task: id,
  });
  await call('tasks.add_or_update_model', { task: id, name: 'best', type: 'output', model });
}

function logOf(event: (type: string, rest: object) => object, now: number, count: number): object[] {
  const line = (index: number) => {
    if (index === 1)
      return '\u001b[1;36mExecuting\u001b[0m task id [sample]:\nrepository = https://git.example.com/vision/resnet.git\n';
    if (index % 50 === 7)
      return `epoch ${index}:   0%|\repoch ${index}:  50%|█████     |\repoch ${index}: 100%|██████████| 391/391 [00:12<00:00, 31.2it/s]\n`;
    if (index % 97 === 0) return `\u001b[33mWARNING\u001b[0m worker ${index % 8} is slow: <b>not bold</b>\n`;
    if (index % 131 === 0) return `\u001b[31mERROR\u001b[0m could not read sample ${index}, skipped\n`;
    return `step ${index} \u001b[2mloss\u001b[0m=\u001b[32m${(2.4 / (1 + index / 400)).toFixed(4)}\u001b[0m time=0.031s\n`;
  };
  return Array.from({ length: count }, (_, index) =>
    event('log', { level: 'info', msg: line(index + 1), timestamp: now + index * 10 }),
  );
}

async function put(url: string, body: Buffer, authorization: string): Promise<void> {
  const form = new FormData();
  const { pathname, origin } = new URL(url);
  form.append(pathname.slice(1), new Blob([new Uint8Array(body)]), pathname.split('/').at(-1));
  const response = await fetch(origin, { method: 'POST', body: form, headers: { authorization } });
  if (!response.ok) throw new Error(`upload: ${response.status} ${await response.text()}`);
}
