/** `status_message` of a task between its queue and its start, and between its end and its queue. */
export const PULLED = 'pulled by agent';

/** How the `status_reason` of a task begins that an agent put back because it never started. */
export const PUT_BACK = 'put back: ';
