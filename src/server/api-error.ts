import type { JsonObject } from './json.js';

/** Errors that the server answers with: HTTP status, subcode, text. The numbers are the protocol's own. */
export const API_ERRORS = {
  bad_request: [400, 0, 'Bad request'],
  invalid_headers: [400, 5, 'Invalid headers'],
  impersonation_error: [400, 6, 'Impersonation error'],
  invalid_id: [400, 10, 'Invalid id'],
  missing_required_fields: [400, 11, 'Missing required fields'],
  validation_error: [400, 12, 'Validation error'],
  invalid_fields: [400, 14, 'Invalid fields'],
  fields_conflict: [400, 15, 'Conflicting fields'],
  fields_value_error: [400, 16, 'Invalid field value'],
  batch_contains_no_items: [400, 17, 'Batch contains no items'],
  invalid_regex_error: [400, 21, 'Invalid regular expression'],
  invalid_access_key: [400, 75, 'Access key not found for user'],
  invalid_task_id: [400, 101, 'Invalid task id'],
  task_validation_error: [400, 102, 'Task validation error'],
  invalid_task_status: [400, 110, 'Invalid task status'],
  missing_task_fields: [400, 122, 'Task is missing expected fields'],
  task_cannot_be_deleted: [400, 123, 'Task cannot be deleted'],
  events_not_added: [400, 131, 'Events not added'],
  operation_supported_on_reports_only: [400, 150, 'Operation is supported on reports only'],
  cannot_remove_all_runs: [400, 160, 'At least one pipeline run should be left'],
  invalid_model_id: [400, 201, 'Invalid model id'],
  model_is_ready: [400, 203, 'Model is published'],
  model_in_use: [400, 205, 'Model is used in tasks'],
  model_creating_task_exists: [400, 206, 'Task that created this model exists'],
  invalid_user: [400, 300, 'Invalid user'],
  invalid_user_id: [400, 301, 'Invalid user id'],
  invalid_preferences_update: [400, 305, 'Invalid preferences update'],
  invalid_project_id: [400, 401, 'Invalid project id'],
  project_has_tasks: [400, 402, 'Project has associated tasks'],
  project_has_models: [400, 405, 'Project has associated models'],
  project_has_datasets: [400, 406, 'Project has associated non-empty datasets'],
  invalid_project_name: [400, 407, 'Invalid project name'],
  cannot_update_project_location: [400, 408, 'Cannot update project location. Use move instead'],
  project_path_exceeds_max: [400, 409, 'Project path exceeds the maximum allowed depth'],
  project_source_and_destination_are_the_same: [400, 410, 'Project has the same source and destination'],
  project_cannot_be_moved_under_itself: [400, 411, 'Project cannot be moved under itself'],
  project_cannot_be_merged_into_its_child: [400, 412, 'Project cannot be merged into its own child'],
  project_has_pipelines: [400, 413, 'Project has associated pipelines with active controllers'],
  invalid_queue_id: [400, 701, 'Invalid queue id'],
  queue_not_empty: [400, 702, 'Queue is not empty'],
  invalid_queue_or_task_not_queued: [400, 703, 'Invalid queue id or task not in queue'],
  task_already_queued: [400, 706, 'Task already queued'],
  no_default_queue: [400, 707, 'No queue is tagged as the default queue for this company'],
  multiple_default_queues: [400, 708, 'More than one queue is tagged as the default queue for this company'],
  data_validation_error: [400, 800, 'Data validation error'],
  expected_unique_data: [
    400,
    801,
    'Value combination already exists (unique field already contains this value)',
  ],
  worker_registration_failed: [400, 1002, 'Worker registration failed'],
  invalid_worker_id: [400, 1001, 'Invalid worker id'],
  invalid_scroll_id: [400, 1104, 'Invalid scroll id'],
  moved_permanently: [301, 1, 'This endpoint is no longer supported'],
  bad_auth_type: [401, 10, 'Unauthorized (bad authentication header type)'],
  no_credentials: [401, 20, 'Unauthorized (missing credentials)'],
  invalid_credentials: [401, 22, 'Unauthorized (invalid credentials)'],
  invalid_token: [401, 30, 'Unauthorized (invalid token)'],
  routing_error: [403, 10, 'Forbidden (routing error)'],
  role_not_allowed: [403, 20, 'Forbidden (not allowed for role)'],
  unknown_endpoint: [404, 0, 'Unknown endpoint'],
  body_too_large: [413, 0, 'Request body is too large'],
  unsupported_media_type: [415, 0, 'Compressed request bodies are not supported'],
  too_many_logins: [429, 0, 'Too many wrong passwords, try again later'],
  too_many_streams: [429, 0, 'Too many open streams'],
  general_error: [500, 0, 'General server error'],
  low_disk_space: [500, 4, 'Critical server error: low disk space, please check the disk of the server'],
} as const satisfies Record<string, readonly [number, number, string]>;

export type ApiErrorName = keyof typeof API_ERRORS;

/** A refusal that the client sees; `data` goes to the text and to `meta.error_data`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly subcode: number;
  readonly data: JsonObject;
  /** What the call wrote before stays, although it is refused. */
  readonly keepsWrites: boolean = false;

  constructor(name: ApiErrorName, data: JsonObject = {}, detail?: string) {
    const [status, subcode, text] = API_ERRORS[name];
    super(messageOf(text, data, detail));
    this.status = status;
    this.subcode = subcode;
    this.data = data;
  }
}

/** A refusal that leaves standing what was written before it. */
export class PartialError extends ApiError {
  override readonly keepsWrites = true;
}

function messageOf(text: string, data: JsonObject, detail: string | undefined): string {
  const pairs = Object.entries(data).map(([key, value]) => `${key}=${shown(value)}`);
  return `${text}${detail === undefined ? '' : ` (${detail})`}${pairs.length === 0 ? '' : `: ${pairs.join(', ')}`}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
}
