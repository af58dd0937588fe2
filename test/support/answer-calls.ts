import type { Step } from './recorded-answers/scenario.js';

const step = (call: string, body: unknown = {}, as?: Record<string, string>): Step => ({
  call,
  body,
  status: 200,
  ...(as === undefined ? {} : { as }),
});

const event = (type: string, more: object) => ({ type, task: '$task', timestamp: { $ms: 0 }, ...more });

/** Calls of the endpoints that the recorded scenarios leave out. */
export const OTHER_CALLS: Step[] = [
  step('tasks.create', { name: 'all', type: 'training' }, { task: 'id' }),
  {
    call: 'events.add_batch',
    status: 200,
    lines: [
      ...[1, 2].map((iter) =>
        event('training_debug_image', { metric: 'image', variant: 'a', iter, url: `http://files/${iter}` }),
      ),
      ...[1, 2].map((iter) => event('plot', { metric: 'plot', variant: 'a', iter, plot_str: '{}' })),
      event('training_stats_scalar', { metric: 'loss', variant: 'a', iter: 1, value: 0.5 }),
      event('training_stats_vector', { metric: 'vector', variant: 'a', iter: 1, values: [1, 2] }),
      event('log', { msg: 'one line\n' }),
    ],
  },
  step('events.debug_images', { metrics: [{ task: '$task' }] }),
  step(
    'events.get_debug_image_sample',
    { task: '$task', metric: 'image', variant: 'a' },
    { images: 'scroll_id' },
  ),
  step('events.next_debug_image_sample', { task: '$task', scroll_id: '$images' }),
  step('events.plots', { metrics: [{ task: '$task' }] }),
  step('events.get_plot_sample', { task: '$task', metric: 'plot' }, { plots: 'scroll_id' }),
  step('events.next_plot_sample', { task: '$task', scroll_id: '$plots' }),
  step('events.get_task_plots', { task: '$task' }),
  step('events.get_multi_task_plots', { tasks: ['$task'] }),
  step('events.get_task_events', { task: '$task' }),
  step('events.get_vector_metrics_and_variants', { task: '$task' }),
  step('tasks.edit_hyper_params', {
    task: '$task',
    hyperparams: [{ section: 'Args', name: 'rate', value: '0.1' }],
  }),
  step('tasks.get_hyper_params', { tasks: ['$task'] }),
  step('tasks.delete_hyper_params', { task: '$task', hyperparams: [{ section: 'Args', name: 'rate' }] }),
  step('tasks.edit_configuration', { task: '$task', configuration: [{ name: 'net', value: 'a = 1' }] }),
  step('tasks.get_configurations', { tasks: ['$task'] }),
  step('tasks.get_configuration_names', { tasks: ['$task'] }),
  step('tasks.delete_configuration', { task: '$task', configuration: ['net'] }),
  step('tasks.add_or_update_artifacts', {
    task: '$task',
    artifacts: [{ key: 'data', type: 'custom', uri: 'http://files/data' }],
  }),
  step('tasks.delete_artifacts', { task: '$task', artifacts: [{ key: 'data' }] }),
  step('models.create', { name: 'weights', uri: 'http://files/weights', task: '$task' }, { model: 'id' }),
  step('tasks.add_or_update_model', { task: '$task', name: 'weights', type: 'output', model: '$model' }),
  step('tasks.delete_models', { task: '$task', models: [{ name: 'weights', type: 'output' }] }),
  step('tasks.clone', { task: '$task', new_task_name: 'copy' }),
  step('tasks.started', { task: '$task' }),
  step('tasks.stopped', { task: '$task' }),
  step('tasks.close', { task: '$task' }),
  step('auth.create_credentials', {}, { key: 'credentials.access_key' }),
  step('auth.edit_credentials', { access_key: '$key', label: 'laptop' }),
];
